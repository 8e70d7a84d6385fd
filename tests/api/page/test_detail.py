"""A picture large, over a grid that stays where it is, and everything with keys alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.api.page.conftest import Open
from tests.support.shop import Shop


def focused_title(page: Page) -> str | None:
    title: str | None = page.evaluate("document.activeElement.getAttribute('title')")
    return title


@pytest.mark.parametrize("back", ["Escape", "browser"])
def test_both_ways_back_lead_to_the_same_tile_focused(visit: Open, shop: Shop, back: str) -> None:
    page = visit(shop.service.url, "/?c=shop&q=shoes", viewport={"width": 1000, "height": 600})
    page.locator(".tile").first.wait_for()
    page.locator(".tile").first.focus()
    for _ in range(3):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(100)
    title, top = focused_title(page), page.evaluate("scrollY")
    assert top > 600
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=title)
    dialog.wait_for()
    expect(page).to_have_url(re.compile("open=sku-"))
    page.keyboard.press("ArrowRight")
    expect(dialog).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    dialog.wait_for()
    if back == "Escape":
        page.keyboard.press("Escape")
    else:
        page.go_back()
    expect(page.locator("dialog.detail")).to_have_count(0)
    expect(page.locator(f'.tile[title="{title}"]')).to_be_focused()
    assert abs(page.evaluate("scrollY") - top) < 270
    page.keyboard.press("ArrowDown")
    expect(page.locator(f'.tile[title="{title}"]')).not_to_be_focused()


def test_a_deep_address_opens_the_record_and_leads_back_to_the_search(
    visit: Open, shop: Shop
) -> None:
    page = visit(shop.service.url, "/?c=shop&q=red+bag&open=sku-05")
    dialog = page.locator("dialog.detail")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Red bag model BX-105")
    expect(dialog.locator("dd mark").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=red+bag")
    expect(page.locator('.tile[title="Red bag model BX-105"]')).to_be_focused()


def test_everything_with_keys_alone(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=id")
    page.locator(".tile").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("red")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]q=red"))
    page.locator(".found:not(.stale) .tile").first.wait_for()
    stops = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        stops += page.evaluate("document.activeElement.matches('.tile')")
    assert stops <= 1 + page.evaluate("document.querySelectorAll('.grid').length")
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.get_by_role("region", name="Selection")).to_contain_text("1 selected")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("region", name="Selection")).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Selection")).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("unlike=sku-"))
    page.locator(".found:not(.stale) .tile").first.focus()
    page.keyboard.press("r")
    page.locator(".region").wait_for()
    expect(page.locator(".region")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"like=sku-\d+&part=0\.23%2C0\.25%2C0\.5%2C0\.52"))
    expect(page.get_by_role("button", name=re.compile("^like a part of sku"))).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("open=sku-"))


def test_a_region_is_chosen_by_dragging(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&open=sku-02")
    page.get_by_role("button", name="Search in a region").click()
    surface = page.locator(".region-surface").bounding_box()
    assert surface is not None
    page.mouse.move(surface["x"] + 2, surface["y"] + 2)
    page.mouse.down()
    page.mouse.move(surface["x"] + surface["width"] / 2, surface["y"] + surface["height"] - 2)
    page.mouse.up()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"like=sku-02&part=0\.\d+%2C0\.\d+%2C0\.(4|5)"))
    expect(page.get_by_role("button", name="like a part of sku-02", exact=True)).to_be_visible()


def test_a_selection_is_handed_out_as_a_table(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=id")
    page.locator(".tile").first.click(modifiers=["Control"])
    page.locator(".tile").nth(2).click(modifiers=["Shift"])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    lines = waiting.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("id,uri,relevance")
    assert [one.split(",")[0] for one in lines[1:]] == ["sku-00", "sku-01", "sku-02"]


def test_a_region_is_of_the_picture_and_not_of_room_around_it(visit: Open, shop: Shop) -> None:
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 740}):
        page = visit(shop.service.url, "/?c=shop&open=sku-02", viewport=size)
        page.get_by_role("button", name="Search in a region").click()
        surface = page.locator(".region-surface").bounding_box()
        picture = page.locator(".frame > img").bounding_box()
        assert surface is not None
        assert picture is not None
        assert abs(surface["width"] - picture["width"]) < 1
        assert abs(surface["height"] - picture["height"]) < 1
        assert abs(picture["width"] / picture["height"] - 1.5) < 0.02
