"""Searching on the page, as a person does."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.api.page.conftest import Open
from tests.support.shop import Shop, picture_of


def names(page: Page) -> list[str]:
    """Return what the tiles in the window are called, once the search has been answered."""
    page.locator(".found:not(.stale)").wait_for()
    page.locator(".tile").first.wait_for()
    return [one.get_attribute("title") or "" for one in page.locator(".tile").all()]


def test_words_find_pictures_and_the_address_holds_the_search(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop")
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")
    box = page.get_by_role("combobox", name="What to look for")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    box.fill("red shoes")
    box.press("Enter")
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=red+shoes")
    expect(page.locator(".tile").first).to_have_attribute("title", "Red shoes model BX-100")
    page.reload()
    expect(box).to_have_value("red shoes")
    expect(page.locator(".tile").first).to_have_attribute("title", "Red shoes model BX-100")
    expect(page.locator(".tile img.here").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")


def test_what_stands_until_the_answer_comes_is_said_of_the_search_before(
    visit: Open, shop: Shop
) -> None:
    page = visit(shop.service.url, "/?c=shop")
    before = names(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/collections/shop/search", hold)
    box = page.get_by_role("combobox", name="What to look for")
    box.fill("red shoes")
    box.press("Enter")
    page.locator(".found.stale").wait_for()
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")
    expect(page.get_by_text("Read as")).to_have_count(0)
    for one in held:
        one.continue_()
    page.unroute("**/v1/collections/shop/search")
    expect(page.get_by_role("heading", level=1)).to_contain_text("result")
    assert names(page) != before


def test_what_is_less_likely_stands_below_a_line_and_is_not_hidden(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&q=red+shoes", viewport={"width": 1280, "height": 7000})
    page.get_by_text("Less likely below").wait_for()
    count = int((page.get_by_role("heading", level=1).inner_text()).split()[0])
    assert 0 < count < 60
    expect(page.locator(".tile")).to_have_count(60)
    expect(page.locator(".tile.below")).to_have_count(60 - count)
    page.locator("body").press("l")
    expect(page.locator(".tile")).to_have_count(count)


def test_a_typed_minus_becomes_a_chip_that_can_be_removed(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop")
    box = page.get_by_role("combobox", name="What to look for")
    box.fill("shoes -red")
    box.press("Enter")
    chip = page.get_by_role("button", name="not red", exact=True)
    chip.wait_for()
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=shoes&no=red")
    box.fill("shoes -blue")  # the words are the same, so the box would keep what was typed
    box.press("Enter")
    page.get_by_role("button", name="Remove not blue").click()
    expect(box).to_have_value("shoes")
    expect(page.get_by_role("heading", level=1)).to_contain_text("result")
    assert not any("Red" in one for one in names(page)[:6])
    chip.press("Alt+ArrowUp")
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=shoes&no=red&w=2")
    page.get_by_role("button", name="Remove not red").click()
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=shoes")


def test_what_was_read_is_taken_out_piece_by_piece(visit: Open, shop: Shop) -> None:
    url = shop.service.url
    page = visit(url, "/?c=shop&q=cheapest+shoes+under+120+but+not+red+for+christmas")
    names(page)
    read = page.get_by_role("group", name="Read as")
    pieces = read.locator(".word")
    expect(pieces).to_have_text(
        ["not red", "must have “shoes”", "price < 120", "price: lowest first"]
    )
    read.get_by_role("button", name="price: lowest first", exact=True).press("Delete")
    said = "/?c=shop&q=shoes+for+christmas&no=red&under.price=120"
    expect(page).to_have_url(f"{url}{said}")
    expect(pieces).to_have_text(["must have “shoes”", "price < 120"])  # "not red" is in the box
    expect(read.get_by_role("button", name="must have “shoes”", exact=True)).to_be_focused()
    read.get_by_role("button", name="must have “shoes”", exact=True).press("Delete")
    expect(page).to_have_url(f"{url}{said}&maybe=shoes")
    read.get_by_role("button", name="Ask for “shoes” again").first.click()
    expect(page).to_have_url(f"{url}{said}")
    read.get_by_role("button", name="Remove price < 120").first.click()
    expect(page).to_have_url(f"{url}/?c=shop&q=shoes+for+christmas&no=red")
    page.go_back()
    expect(pieces).to_have_text(["must have “shoes”", "price < 120"])


def test_what_was_read_is_changed(visit: Open, shop: Shop) -> None:
    url = shop.service.url
    page = visit(url, "/?c=shop&q=shoes+under+120+but+not+red", locale="zh-CN")
    names(page)
    read = page.get_by_role("group", name="理解为")
    read.get_by_role("button", name="price < 120", exact=True).click()
    read.get_by_role("spinbutton").fill("60")
    read.get_by_role("spinbutton").press("Enter")
    expect(page).to_have_url(f"{url}/?c=shop&q=shoes&no=red&under.price=60")
    names(page)
    assert all(
        float(one) < 60 for one in page.locator(".tile:not(.below) .price").all_inner_texts()
    )
    page.goto(f"{url}/?c=shop&q=shoes+under+120+but+not+red")
    read.get_by_role("button", name="不要 red", exact=True).click()
    read.get_by_role("button", name="改为寻找").click()
    expect(page).to_have_url(f"{url}/?c=shop&q=shoes&also=red&under.price=120")
    quoted = """async ([text, word]) => {
        const base = document.querySelector('script').src.replace('main.js', 'state/');
        const { replaced } = await import(base + 'reading.js');
        return replaced(text, word, (found) => `"${found}"`);
    }"""
    assert page.evaluate(quoted, ["Yelow shoes, yelowish", "yelow"]) == '"Yelow" shoes, yelowish'
    assert page.evaluate(quoted, ["红色运动鞋", "运动鞋"]) == '红色"运动鞋"'


def test_a_word_taken_as_it_is_spelt_leaves_the_rest_as_it_was_read(
    visit: Open, shop: Shop
) -> None:
    """The small shop corrects no word, so the answer is given the piece that says one was."""
    url = shop.service.url
    page = visit(url, "/?c=shop")
    names(page)

    def answer(route: Route) -> None:
        response = route.fetch()
        found = response.json()
        found["reading"].append({"kind": "spelling", "of": "yelow", "text": "yellow"})
        route.fulfill(response=response, json=found)

    page.route(re.compile("/search(\\?|$)"), answer)
    box = page.get_by_role("combobox", name="What to look for")
    box.fill("cheapest yelow shoes under 120")
    box.press("Enter")
    page.get_by_role("button", name="Look for “yelow” as it is written").first.click()
    expect(page).to_have_url(f"{url}/?c=shop&q=%22yelow%22+shoes&under.price=120&sort=price")
    page.unroute_all(behavior="wait")


def test_tiles_grow_around_the_one_in_sight_and_keep_their_size(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=id", viewport={"width": 1280, "height": 500})
    names(page)
    place = "(id) => document.getElementById(id).getBoundingClientRect().top"
    stays = f"([id, top]) => Math.abs(({place})(id) - top) <= 1"
    page.evaluate("scrollTo(0, 700)")
    page.locator("#hit-15").wait_for()
    page.wait_for_load_state("networkidle")  # what comes into sight has its place then
    seen = page.evaluate(
        "[...document.querySelectorAll('.tile')].find((e) => e.getBoundingClientRect().top > 0).id"
    )
    before, height = page.evaluate(place, seen), page.locator(f"#{seen}").bounding_box()
    page.keyboard.press("+")
    size = page.get_by_role("slider", name="Size of tiles")
    expect(size).to_have_attribute("aria-valuetext", "140%")
    page.wait_for_function(stays, arg=[seen, before])
    after = page.locator(f"#{seen}").bounding_box()
    assert height is not None
    assert after is not None
    assert after["height"] > 1.15 * height["height"]
    page.locator(f"#{seen}").focus()
    page.wait_for_load_state("networkidle")
    before = page.evaluate(place, seen)
    for _ in range(3):
        page.keyboard.press("-")
    expect(size).to_have_value("0")
    page.wait_for_function(stays, arg=[seen, before])
    page.reload()
    expect(size).to_have_value("0")


def test_a_field_of_any_name_may_stand_in_an_address(visit: Open, shop: Shop) -> None:
    hostile = "/?c=shop&q=bag&is.constructor=1&min.__proto__=5"
    page = visit(shop.service.url, hostile, allowed=("422",))
    page.get_by_role("button", name="Remove constructor: 1").first.wait_for()
    assert page.evaluate("({}).min === undefined")
    page.get_by_role("button", name="Remove constructor: 1").first.click()
    page.get_by_role("button", name="Remove __proto__ ≥ 5").first.click()
    assert len(names(page)) > 1


def test_filters_count_and_never_shrink_their_own_counts(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=-price")
    facets = page.get_by_role("complementary", name="Filters")
    red = facets.locator("label", has_text="Red").first
    red.wait_for()
    counts = facets.locator(".facet", has_text="color").locator(".count")
    before = counts.all_inner_texts()
    red.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("12 records")
    assert counts.all_inner_texts() == before
    assert all(one.startswith("Red") for one in names(page))
    low = facets.get_by_label("price: at least")
    low.fill("100")
    low.press("Enter")
    page.wait_for_url("**min.price=100**")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("12 records")
    names(page)
    prices = [float(one) for one in page.locator(".tile .price").all_inner_texts()]
    assert prices == sorted(prices, reverse=True)
    assert min(prices) >= 100
    page.get_by_role("button", name="Lift all filters").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")
    page.goto(f"{shop.service.url}/?c=shop&is.color=Red&is.style=shoes-0")
    facets.get_by_role("button", name="style", exact=True).wait_for()
    tags = facets.get_by_role("button", name="tags")
    assert tags.count() == 0  # all that was found has the same: nothing to narrow down by


def test_where_nothing_passes_only_lifts_that_help_are_offered(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&q=red+shoes&is.color=Red&min.price=900")
    page.get_by_text("Nothing here looks like").wait_for()
    lift = page.get_by_role("button", name="Without price")
    lift.wait_for()
    assert not page.get_by_role("button", name="Without color").is_visible()
    promised = int(lift.locator(".muted").inner_text())
    lift.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{promised} result")
    assert names(page)[0].startswith("Red shoes")
    page.goto(f"{shop.service.url}/?c=shop&q=red+shoes+under+1")  # what words say is lifted, too
    page.get_by_role("button", name="Without price < 1").click()
    expect(page).to_have_url(f"{shop.service.url}/?c=shop&q=red+shoes")
    page.goto(f"{shop.service.url}/?c=shop&q=至少2000元的red+shoes")
    expect(page.get_by_role("button", name="Without price ≥ 2,000")).to_be_visible()


def test_a_picture_that_is_chosen_is_searched_with_and_stays_after_a_reload(
    visit: Open, shop: Shop
) -> None:
    page = visit(shop.service.url, "/?c=shop")
    page.locator("input[data-picture]").set_input_files(shop.folder / "02.png")
    page.get_by_role("button", name="your picture", exact=True).wait_for()
    expect(page.locator(".tile").first).to_have_attribute("title", re.compile("^Blue"))
    page.reload()
    page.get_by_role("button", name="your picture", exact=True).wait_for()
    expect(page.locator(".tile").first).to_have_attribute("title", re.compile("^Blue"))


@pytest.mark.slow
def test_a_phone_never_scrolls_sideways(visit: Open, shop: Shop) -> None:
    page = visit(
        shop.service.url, "/?c=shop&q=red+shoes&no=blue", viewport={"width": 360, "height": 740}
    )
    names(page)
    for view in ("", "&view=collections", "&view=lookup", "&view=duplicates", "&open=sku-00"):
        page.goto(f"{shop.service.url}/?c=shop&q=red+shoes{view}")
        page.locator("main h1:visible, dialog h2:visible").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


@pytest.mark.parametrize("width", [720, 900])
def test_the_box_covers_no_button_beside_it(visit: Open, shop: Shop, width: int) -> None:
    page = visit(shop.service.url, "/?c=shop&q=shoes&like=sku-00&no=red&max.price=99")
    page.set_viewport_size({"width": width, "height": 500})
    names(page)
    page.get_by_role("button", name="Clear the search").click(trial=True)
    page.get_by_role("button", name="Search", exact=True).click(trial=True)
    page.get_by_role("button", name="Saved searches", exact=True).click(trial=True, timeout=3000)


def test_suggestions_are_chosen_with_keys(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop")
    box = page.get_by_role("combobox", name="What to look for")
    box.press_sequentially("yellow ba")
    first = page.get_by_role("option", name=re.compile("^Yellow bag")).first
    first.wait_for()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(page.locator("#suggestions [role=option]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"q=Yellow\+bag"))
    expect(page.locator("#suggestions")).to_have_count(0)
    assert names(page)[0].startswith("Yellow bag")


def test_a_group_is_shown_once_and_can_be_opened(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=id&group=style")
    expect(page.locator(".tile")).to_have_count(12)
    expect(page.locator(".tile .group-size").first).to_have_text("5")
    first = page.locator(".tile").first
    expect(first).to_have_attribute("aria-label", re.compile("one of 5$"))
    first.press("Enter")
    page.get_by_role("button", name="All 5 of shoes-0").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("5 records")
    assert all("shoes" in one for one in names(page))


def test_a_search_is_saved_found_on_another_device_and_removed(visit: Open, shop: Shop) -> None:
    url = shop.service.url
    page = visit(url, "/?c=shop&q=red+shoes&no=leather")
    page.locator(".found:not(.stale) .tile").first.wait_for()
    page.get_by_role("button", name="Saved searches").click()
    page.get_by_role("textbox", name="Save this search as").fill("for Ada <b>")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="for Ada <b>", exact=True).wait_for()
    other = visit(url, "/?c=shop&q=bag")
    other.locator(".found:not(.stale) .tile").first.wait_for()
    other.get_by_role("button", name="Saved searches").click()
    expect(other.get_by_role("button", name="bag", exact=True)).to_be_visible()  # recent
    other.get_by_role("button", name="for Ada <b>", exact=True).click()
    expect(other).to_have_url(f"{url}/?c=shop&q=red+shoes&no=leather")
    other.locator(".found:not(.stale) .tile").first.wait_for()
    other.get_by_role("button", name="Saved searches").click()
    expect(other.get_by_role("button", name="red shoes, not leather")).to_be_visible()
    other.get_by_role("button", name="Remove for Ada <b>").click()
    expect(other.get_by_text("None yet.")).to_be_visible()
    assert shop.service.client().saved_searches("shop").searches == []


def test_chosen_pictures_are_downloaded_as_they_came(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&q=red+shoes")
    page.locator(".found:not(.stale) .tile").first.wait_for()
    page.locator(".tile").nth(0).focus()
    page.keyboard.press("x")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download pictures").click()
    assert saved.value.suggested_filename == "shop.zip"
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert len(archive.namelist()) == 1
        assert archive.testzip() is None


def test_what_the_service_says_is_said_in_the_language_of_the_page(
    visit: Open, shop: Shop, tmp_path: Path
) -> None:
    page = visit(
        shop.service.url, "/?c=shop&is.colour=Red&is.color=red", locale="zh-CN", allowed=("422",)
    )
    told = page.locator(".warning")
    expect(told.nth(0)).to_contain_text("没有记录含有字段“colour”；现有字段：")
    expect(told.nth(1)).to_contain_text("没有记录的“color”是“red”；现有 'Red'（区分大小写）")
    (tmp_path / "drawn.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.locator("input[data-picture]").set_input_files(tmp_path / "drawn.png")
    expect(page.get_by_role("alert")).to_contain_text("这是 SVG 矢量图，不是图片")
    said = """async (sentences) => {
        const base = document.querySelector('script').src.replace('main.js', 'words/');
        const { spoken } = await import(base + 'service.js');
        return sentences.map(spoken);
    }"""
    sentences = [
        ".csv is not a picture format read here",
        "the boost 'new': no record has a field 'age'; there are: none",
        "9,000 x 9,000 pixels are more than the limit of 1,000; raise it with --max-pixels or X",
        "what nobody has put into words",
    ]
    assert page.evaluate(said, sentences) == [
        ".csv 不是此处支持的图片格式",
        "加权“new”：没有记录含有字段“age”；现有字段：无",
        "9,000 × 9,000 像素，超过 1,000 像素的上限",
        "what nobody has put into words",
    ]


def test_sizes_of_files_have_a_unit_wherever_they_are_shown(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop&sort=-bytes")
    names(page)
    expect(page.locator(".tile .foot .muted").first).to_have_text(re.compile(r"^\d+ byte$"))
    facet = page.locator(".facet", has_text="file size")
    facet.get_by_role("button", name="file size").click()
    expect(facet.locator(".bar-button").first).to_have_attribute("title", re.compile(r"\d+ byte"))
    facet.get_by_label("file size: at most").fill("0.155")
    facet.get_by_label("file size: at most").press("Enter")
    expect(page).to_have_url(re.compile("max.bytes=155&"))
    expect(page.get_by_role("button", name="Remove file size ≤ 155 byte").first).to_be_visible()
    expect(facet.get_by_label("file size: at most")).to_have_value("0.155")
    expect(facet.get_by_text("kB")).to_be_visible()


def test_photos_are_narrowed_to_those_taken_near_one(visit: Open, shop: Shop) -> None:
    with shop.service.client() as client:
        client.put_collection("trip")
        places = {"here": (48.0, 11.0), "near": (48.05, 11.0), "far": (48.5, 11.0)}
        for number, (name, (lat, lon)) in enumerate(places.items()):
            place: dict[str, str | float] = {"title": name, "latitude": lat, "longitude": lon}
            image = picture(picture_of(number, "Red"))
            assert client.store("trip", [RecordBody(id=name, images=[image], metadata=place)])
    page = visit(shop.service.url, "/?c=trip&open=here")
    expect(page.get_by_role("dialog").get_by_text("similarity")).to_have_count(0)
    page.get_by_role("button", name="Taken near here").click()
    expect(page).to_have_url(f"{shop.service.url}/?c=trip&near.location=48%2C11%2C10km")
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("button", name="within 10 km of there", exact=True).click()
    page.get_by_role("button", name="within 100 km of there").click()
    expect(page.locator(".tile")).to_have_count(3)
    page.get_by_role("button", name="Remove within 100 km of there").first.click()
    expect(page).to_have_url(f"{shop.service.url}/?c=trip")
