"""Pictures in their own shapes, whatever a catalogue says, and the one that was found."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from binocle_client import picture
from binocle_client.requests import RecordBody
from tests.api.page.conftest import Open, launched, opened
from tests.support.service import running


def plain(width: int, height: int, colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def ratio_of(page: Page, name: str) -> float:
    box = page.locator(f'.tile[title="{name}"] .picture').bounding_box()
    assert box is not None
    return box["width"] / box["height"]


def test_sizes_of_a_catalogue_are_no_sizes_of_pictures_and_the_part_found_is_shown(
    visit: Open, tmp_path: Path
) -> None:
    red, green, blue = plain(300, 100, "red"), plain(100, 100, "#00a000"), plain(100, 200, "blue")
    records = [
        RecordBody(
            id="three",
            images=[picture(red), picture(green), picture(blue)],
            metadata={"title": "three", "width": "45 cm", "height": "30 cm"},
        ),
        RecordBody(
            id="wide",
            images=[picture(plain(400, 160, "#808000"))],
            metadata={"title": "wide", "width": 10, "height": 90},
            texts={"caption": "seen from afar"},
        ),
    ]
    with running(tmp_path / "home") as service:
        client = service.client()
        client.put_collection("c")
        assert client.store("c", records).failed == 0
        page = visit(service.url, "/?c=c&sort=id")
        page.locator(".tile img.here").first.wait_for()
        assert abs(ratio_of(page, "three") - 3.0) < 0.1
        assert abs(ratio_of(page, "wide") - 2.5) < 0.1
        (tmp_path / "blue.png").write_bytes(plain(100, 200, "blue"))
        page.locator("input[data-picture]").set_input_files(tmp_path / "blue.png")
        page.get_by_role("button", name="your picture", exact=True).wait_for()
        page.locator(".found:not(.stale)").wait_for()
        expect(page.locator('.tile[title="three"]')).to_be_visible()
        assert abs(ratio_of(page, "three") - 0.5) < 0.1
        tile = page.locator('.tile[title="three"] .picture')
        colour = "(one) => one.style.backgroundColor"
        assert tile.evaluate(colour) == "rgb(0, 0, 255)"
        page.goto(f"{service.url}/?c=c&target=text")
        said = page.locator(".picture", has=page.locator(".quotation", has_text="seen from afar"))
        assert said.evaluate(colour) == "", "a text is not read on the colour of a picture"


def test_it_works_over_plain_http_by_a_name_in_the_network(
    tmp_path: Path, browser: Browser
) -> None:
    started = launched(browser.browser_type, "MAP nas 127.0.0.1")
    try:
        with running(tmp_path / "home", host="0.0.0.0") as service:
            client = service.client()
            client.put_collection("c")
            client.store(
                "c",
                [
                    RecordBody(id=one, images=[picture(plain(80, 60, one))])
                    for one in ("red", "green", "blue")
                ],
            )
            with opened(started, f"http://nas:{service.port}", "/?c=c") as page:
                assert page.evaluate("isSecureContext") is False
                page.locator(".tile img.here").first.wait_for()
                box = page.get_by_role("combobox", name="What to look for")
                box.fill("blue")
                box.press("Enter")
                page.wait_for_url("**q=blue")
                page.evaluate(
                    """async () => {
                    const answer = await fetch('/v1/collections/c/records/red/image');
                    const data = new DataTransfer();
                    data.items.add(new File([await answer.blob()], 'a.png', { type: 'image/png' }));
                    window.held = data;
                }"""
                )
                page.evaluate(
                    "dispatchEvent(new ClipboardEvent('paste', { clipboardData: window.held }))"
                )
                page.wait_for_url("**picture=*")
                page.get_by_role("button", name="Remove your picture").click()
                page.evaluate(
                    "dispatchEvent(new DragEvent('drop', "
                    "{ dataTransfer: window.held, cancelable: true }))"
                )
                page.wait_for_url("**picture=*")
                page.locator(".tile").first.click(modifiers=["Control"])
                page.get_by_role("button", name="Copy ids").click()
                page.get_by_text("Copied.").wait_for()
    finally:
        started.close()


def test_videos_and_sounds_are_told_apart_from_broken_pictures(visit: Open, tmp_path: Path) -> None:
    poster = [picture(plain(320, 180, "navy"))]
    records = [
        RecordBody(id="v", uri="https://a.example/b/waves.MP4?x=1", texts={"said": "Waves."}),
        RecordBody(id="s", uri="tapes/talk.wav", texts={"said": "A talk of waves."}),
        RecordBody(id="p", uri="film.mov", images=poster, metadata={"title": "a film"}),
        RecordBody(id="t", texts={"said": "Words about waves, no more."}),
    ]
    with running(tmp_path / "home") as service:
        client = service.client()
        client.put_collection("c")
        assert client.store("c", records).failed == 0
        page = visit(service.url, "/?c=c")
        page.get_by_role("button", name="Both").click()
        expect(page.locator(".tile")).to_have_count(4)
        expect(page.get_by_role("option", name="Waves., Video")).to_contain_text("waves.MP4")
        expect(page.get_by_role("option", name="A talk of waves., Sound")).to_be_visible()
        expect(page.locator(".tile img.here")).to_have_count(1)
        expect(page.locator(".medium.over")).to_have_count(1)
        page.get_by_role("option", name="Waves., Video").click()
        detail = page.get_by_role("dialog")
        expect(detail.locator(".medium-large")).to_contain_text("Video")
        original = detail.get_by_role("link", name="Original")
        expect(original).to_have_attribute("href", "https://a.example/b/waves.MP4?x=1")
