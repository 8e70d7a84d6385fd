"""A service with keys: the page asks once, and no script ever has the key afterwards."""

from pathlib import Path

from playwright.sync_api import expect

from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.api.page.conftest import Open
from tests.support import picture_bytes
from tests.support.service import running


def test_the_key_is_asked_once_kept_from_scripts_and_asked_again_when_revoked(
    visit: Open, tmp_path: Path
) -> None:
    with running(tmp_path / "home") as service:
        secret = service.keys.add("viewer", "write", None)
        client = service.client(secret)
        client.put_collection("c")
        bodies = [
            RecordBody(id=f"p{one}", images=[picture(picture_bytes(one))]) for one in range(4)
        ]
        assert client.store("c", bodies).failed == 0
        page = visit(service.url, "/?c=c", allowed=("401",))
        page.get_by_label("Key", exact=True).fill("wrong")
        page.get_by_role("button", name="Open").click()
        page.get_by_text("the API key is not known").wait_for()
        page.get_by_label("Key", exact=True).fill(secret)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("4 records")
        expect(page.locator(".tile img.here")).to_have_count(4)
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert secret not in page.evaluate("document.cookie + location.href")
        (cookie,) = [one for one in page.context.cookies() if "look" not in one["name"]]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        page.reload()
        expect(page.locator(".tile img.here")).to_have_count(4)
        page.goto(f"{service.url}/?c=c&view=duplicates")
        page.get_by_role("button", name="Find duplicates").click()
        page.get_by_text("No picture is here twice.").wait_for(timeout=20_000)
        service.keys.revoke("viewer")
        page.get_by_role("button", name="Look again").click()
        page.get_by_role("heading", name="This service needs a key.").wait_for()
        page.get_by_label("Key", exact=True).fill(service.keys.add("reader", "read", None))
        page.get_by_role("button", name="Open").click()
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("button", name="Collections").last.wait_for()
        expect(page.get_by_role("button", name="Ranking rules")).to_have_count(0)
