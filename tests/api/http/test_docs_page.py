"""The interactive documentation in a real browser that reaches nothing but this machine."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.support.service import Running

_CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    _CHROMIUM is None, reason="no 'chromium' on the PATH; try: apt-get install chromium"
)


@pytest.mark.slow
def test_documentation_works_in_a_browser_without_any_other_host(
    service: Running, name: str, tmp_path: Path
) -> None:
    complaints: list[str] = []

    def fetch(route: Route) -> None:
        if route.request.url.startswith((service.url, "data:")):
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.on("console", lambda one: complaints.append(f"{one.type}: {one.text}"))
            page.on("pageerror", lambda one: complaints.append(str(one)))
            page.route("**/*", fetch)
            page.goto(f"{service.url}/docs")
            page.get_by_role("heading", name="Binocle").wait_for()
            assert '"status": "ok"' in executed(page, "GET", "/healthz", {})
            answer = executed(page, "GET", "/v1/collections/{name}", {"name": name})
            assert f'"name": "{name}"' in answer
            page.screenshot(path=tmp_path / "docs.png")
        finally:
            browser.close()
    assert complaints == []
    assert (tmp_path / "docs.png").stat().st_size > 10_000


def executed(page: Page, method: str, path: str, values: dict[str, str]) -> str:
    """Try an operation out as a person does; return what the page shows as the answer."""
    operation = page.locator(f".opblock-{method.lower()}").filter(
        has=page.locator(f'[data-path="{path}"]')
    )
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    for name, value in values.items():
        operation.locator(f'tr[data-param-name="{name}"] input').fill(value)
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    answer.wait_for()
    assert answer.locator(".response-col_status").inner_text().split()[0] == "200"
    return answer.inner_text()
