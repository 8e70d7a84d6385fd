"""A real browser, which reaches nothing but the service; what it complains of fails the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = shutil.which("chromium")
_TIMEOUT_MS = 30_000  # machines of tests are busy
_ENDED = "net::ERR_CONNECTION_REFUSED"  # the service of a test may end before its page does


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        reason = "no 'chromium' on the PATH; try: apt-get install chromium"
        for one in items:
            if "/api/page/" in str(one.path):
                one.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


Open = Callable[..., Page]


@contextmanager
def opened(browser: Browser, url: str, path: str, **options: Any) -> Iterator[Page]:
    """Open an address of the service in a window of its own."""
    complaints: list[str] = []

    def fetch(route: Route) -> None:
        if route.request.url.startswith((url, "data:", "blob:")):
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            route.abort()

    def note(kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            complaints.append(f"{kind}: {text}")

    allowed = (*options.pop("allowed", ()), _ENDED)
    options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options}
    context = browser.new_context(**options, reduced_motion="reduce")
    context.set_default_timeout(_TIMEOUT_MS)
    try:
        page = context.new_page()
        page.on("console", lambda one: note(one.type, one.text))
        page.on("pageerror", lambda one: complaints.append(str(one)))
        page.route("**/*", fetch)
        page.goto(f"{url}{path}")
        yield page
    finally:
        context.close()
    assert [one for one in complaints if not any(part in one for part in allowed)] == []


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens addresses; what the browser complained of fails the test at its end."""
    with ExitStack() as stack:
        yield lambda url, path, **options: stack.enter_context(
            opened(browser, url, path, **options)
        )
