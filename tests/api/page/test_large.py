"""Fifty thousand hits: only the window is in the document, no task is long, nothing shifts."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.api.page.conftest import Open
from tests.support.shop import Shop

_FILL = """async (count) => {
    const base = document.querySelector('script').src.replace('main.js', '');
    const { exhausted, hits, line } = await import(base + 'state/results.js');
    const known = hits.value;
    window.tasks = [];
    window.shift = 0;
    const watch = (type, take) => new PerformanceObserver(
        (list) => list.getEntries().forEach(take)).observe({ type });
    watch('longtask', (one) => window.tasks.push(one.duration));
    watch('layout-shift', (one) => { window.shift += one.value; });
    exhausted.value = true;
    line.value = -1;
    hits.value = Array.from({ length: count }, (_, at) => ({
        ...known[at % known.length], id: 'x' + at,
        picture: { width: 200 + (at * 37) % 300, height: 200, colour: '#8899aa' },
    }));
}"""
_JUMPS = """async (jumps) => {
    const { scrollHeight } = document.documentElement;
    let most = 0;
    window.tasks = [];
    for (let at = 1; at <= jumps; at += 1) {
        scrollTo(0, (scrollHeight * ((at * 67) % jumps)) / jumps);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        most = Math.max(most, document.querySelectorAll('.tile').length);
    }
    return { most, height: scrollHeight, tasks: window.tasks, shift: window.shift };
}"""


def filled(visit: Open, shop: Shop, **options: Any) -> Page:
    page = visit(shop.service.url, "/?c=shop&sort=id", **options)
    page.locator(".tile").first.wait_for()
    page.evaluate(_FILL, 50_000)
    page.wait_for_timeout(500)
    return page


@pytest.mark.slow
def test_jumping_through_fifty_thousand_hits_is_smooth(visit: Open, shop: Shop) -> None:
    page = filled(visit, shop)
    found = page.evaluate(_JUMPS, 120)
    assert found["height"] > 1_000_000
    assert found["most"] <= 400
    assert found["shift"] == 0
    assert sorted(found["tasks"])[-1:] < [200]


@pytest.mark.slow
def test_no_row_is_stretched_on_a_wide_screen(visit: Open, shop: Shop) -> None:
    page = filled(visit, shop, viewport={"width": 2560, "height": 1300})
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.locator('.tile[data-index="49999"]').wait_for()
    heights = page.evaluate(
        "[...document.querySelectorAll('.tile .picture')].map((one) => one.offsetHeight)"
    )
    assert max(heights) <= 1.35 * 260
    assert min(heights) >= 0.7 * 260
