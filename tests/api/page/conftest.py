"""A real browser, which reaches nothing but the service; what it complains of fails the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    Request,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium")
_TIMEOUT_MS = 30_000  # machines of tests are busy
expect.set_options(timeout=_TIMEOUT_MS / 2)
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
        started = launched(playwright.chromium)
        yield started
        started.close()


def launched(chromium: BrowserType, *rules: str) -> Browser:
    """Start a browser that resolves no name of another machine; rules of its own come first."""
    resolved = ",".join((*rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"))
    args = ["--no-sandbox", f"--host-resolver-rules={resolved}"]
    return chromium.launch(executable_path=CHROMIUM, args=args)


Open = Callable[..., Page]


@contextmanager
def own_context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """Give what shares nothing with other windows."""
    options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options}
    context = browser.new_context(**options, reduced_motion="reduce")
    context.set_default_timeout(_TIMEOUT_MS)
    try:
        yield context
    finally:
        context.close()


@pytest.fixture(scope="session")
def usual(browser: Browser) -> Iterator[BrowserContext]:
    """What the first usual window of each test is in: it has the page's files already."""
    with own_context(browser) as context:
        yield context


def _forget(context: BrowserContext) -> None:
    for page in context.pages:
        page.evaluate("localStorage.clear()")
        page.close()
    context.clear_cookies()


@contextmanager
def opened(
    browser: Browser, url: str, path: str, lent: BrowserContext | None = None, **options: Any
) -> Iterator[Page]:
    """Open an address of the service in a window of its own, or in a context that is lent."""
    complaints: list[str] = []

    def look_at(request: Request) -> None:
        # to hold each of them up, with a route, costs more than all else that a test does
        if not request.url.startswith((url, "data:", "blob:")):
            complaints.append(f"asked for {request.url}")

    def note(kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            complaints.append(f"{kind}: {text}")

    allowed = (*options.pop("allowed", ()), _ENDED)
    with ExitStack() as stack:
        if lent is None:
            context = stack.enter_context(own_context(browser, **options))
        else:
            context = lent
            stack.callback(_forget, lent)
        page = context.new_page()
        page.on("console", lambda one: note(one.type, one.text))
        page.on("pageerror", lambda one: complaints.append(str(one)))
        page.on("request", look_at)
        page.goto(f"{url}{path}")
        yield page
    assert [one for one in complaints if not any(part in one for part in allowed)] == []


@pytest.fixture
def visit(browser: Browser, usual: BrowserContext) -> Iterator[Open]:
    """Opens addresses; what the browser complained of fails the test at its end."""
    free = [usual]

    def open_one(url: str, path: str, **options: Any) -> Page:
        lent = free.pop() if free and not options.keys() - {"allowed"} else None
        return stack.enter_context(opened(browser, url, path, lent, **options))

    with ExitStack() as stack:
        yield open_one
