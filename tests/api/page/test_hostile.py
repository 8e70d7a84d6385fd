"""Names, captions and fields that want to be more than texts."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.api.page.conftest import Open
from tests.support import picture_bytes
from tests.support.service import running

_PIECES = (
    '<img src=x onerror="window.pwned=1">',
    "<script>window.pwned=1</script>",
    "</title><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "{{constructor.constructor('window.pwned=1')()}}",
    "${window.pwned=1}",
    '" onmouseover="window.pwned=1',
    "' autofocus onfocus='window.pwned=1",
    '=HYPERLINK("https://example.org")',
    "\u202egnp.exe <b>bold</b>",
)


@pytest.mark.slow
def test_a_hostile_name_is_a_text(visit: Open, tmp_path: Path) -> None:
    records = [
        RecordBody(
            id=f"{number:02} {piece}",
            images=[picture(picture_bytes(number))],
            texts={"title": f"red {piece}", piece[:50]: piece},
            metadata={piece: piece, "title": f"red {piece}", "kind": piece},
            uri=piece,
        )
        for number, piece in enumerate(_PIECES * 5)
    ]
    with running(tmp_path / "home") as service:
        client = service.client()
        client.put_collection("c")
        assert client.store("c", records).failed == 0
        page = visit(service.url, "/?c=c&q=red")
        page.locator(".tile").first.wait_for()
        page.locator(".tile").first.press("Enter")
        expect(page.locator("dialog.detail .facts dd").first).to_be_visible()
        dialog = page.locator("dialog.detail")
        for _ in range(len(_PIECES)):
            before = page.url
            page.keyboard.press("ArrowRight")
            expect(page).not_to_have_url(before)
            expect(dialog.locator(".facts dd").first).to_be_visible()
        page.keyboard.press("Escape")
        box = page.get_by_role("combobox", name="What to look for")
        box.fill(_PIECES[0])
        box.press("Enter")
        page.locator(".found:not(.stale)").wait_for()
        assert page.evaluate("window.pwned") is None
