"""Nothing serious for axe in any view, theme or language; what is found is announced once."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.api.page.conftest import Open, opened
from tests.support.shop import Shop

VIEWS = {
    "?c=shop&q=red+shoes&no=blue": ".tile",
    "?c=shop&sort=-price&is.color=Red": ".facet .values",
    "?c=shop&q=red&is.color=Red&min.price=900": ".empty button",
    "?c=shop&q=red&open=sku-00": ".facts",
    "?c=shop&q=cheapest+shoes+under+120+not+red+for+christmas": ".reading .chip",
    "?c=shop&view=collections": "table.list",
    "?c=shop&view=rules": ".rules-bar",
    "?c=shop&view=lookup": "#lookup-title",
    "?c=shop&view=duplicates": "#copies-title",
}


def serious(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def check(page: Page, url: str, views: dict[str, str]) -> dict[str, list[str]]:
    wrong = {}
    for view, shown in views.items():
        page.goto(f"{url}/{view}")
        page.locator(f"{shown}:visible").first.wait_for()
        if list_of := serious(page):
            wrong[view] = list_of
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_no_serious_violation_in_any_theme_and_language(
    browser: Browser, shop: Shop, theme: Any, language: str
) -> None:
    options = {"color_scheme": theme, "locale": language}
    with opened(browser, shop.service.url, "/?c=shop", **options) as page:
        assert check(page, shop.service.url, VIEWS) == {}


def test_what_was_found_is_announced_once_it_has_settled(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop")
    status = page.get_by_role("status")
    expect(status).to_have_text("60 records")
    page.evaluate("""() => {
        window.said = [];
        const status = document.querySelector('[role=status]');
        new MutationObserver(() => window.said.push(status.textContent)).observe(
            status, { childList: true, characterData: true, subtree: true });
    }""")
    box = page.get_by_role("combobox", name="What to look for")
    box.fill("red shoes")
    box.press("Enter")
    expect(status).to_have_text("3 results")
    page.wait_for_timeout(900)
    assert page.evaluate("window.said") == ["3 results"]


def test_it_speaks_chinese_and_keeps_nothing_but_the_look(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop", locale="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("60 条记录")
    expect(page.get_by_label("排序").locator("option", has_text="文件大小 ↑")).to_have_count(1)
    page.get_by_role("button", name="更多").click()
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("60 records")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_both_dictionaries_have_the_same_entries(visit: Open, shop: Shop) -> None:
    page = visit(shop.service.url, "/?c=shop")
    names = page.evaluate("""async () => {
        const base = document.querySelector('script').src.replace('main.js', 'words/');
        const { en } = await import(base + 'en.js');
        const { zh } = await import(base + 'zh.js');
        return [Object.keys(en), Object.keys(zh)];
    }""")
    assert len(names[0]) > 100
    assert sorted(names[0]) == sorted(names[1])
    assert {"lookup", "duplicates", "collections", "rules"} <= set(names[0])  # learnt by rooms.js
