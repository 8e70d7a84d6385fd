"""Collections, uploads, lookup and duplicates on the page, each as a newcomer finds it."""

import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from binocle.fingerprints.pdq import pdq_of
from tests.api.page.conftest import Open
from tests.support import picture_bytes
from tests.support.service import Running, running
from tests.support.shop import Shop


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without a collection, which may index one folder."""
    folder = tmp_path_factory.mktemp("rooms")
    allowed = folder / "Holidays"
    allowed.mkdir()
    for number in range(3, 6):
        (allowed / f"{number}.jpg").write_bytes(picture_bytes(number))
    (allowed / "torn.jpg").write_bytes(picture_bytes(6)[:200])
    with running(folder / "home", sources=(allowed,)) as service:
        yield service


def files(folder: Path) -> list[Path]:
    """Return three pictures, one of them the first made smaller, and one that is none."""
    made = [folder / one for one in ("a.jpg", "b.jpg", "copy.png", "none.jpg")]
    made[0].write_bytes(noise(1))
    made[1].write_bytes(noise(2))
    Image.open(made[0]).save(made[2])
    made[3].write_bytes(b"no picture at all")
    return made


def noise(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


def upload(page: Page, chosen: list[Path]) -> None:
    page.locator("input[data-upload]").set_input_files(chosen)
    expect(page.get_by_role("button", name="Choose pictures")).to_be_enabled(timeout=20_000)


def several_are_looked_up(page: Page, pictures: list[Path]) -> None:
    page.locator("input[data-lookup]").set_input_files(pictures)
    page.get_by_text("4 of 4 pictures looked up, 2 in the collection.").wait_for()
    verdicts = page.locator(".asked .verdict")
    expect(verdicts.nth(0)).to_have_text(re.compile("^(not here|similar)$"))
    expect(verdicts.nth(1)).to_have_text("the same file")
    expect(verdicts.nth(2)).to_contain_text("an SVG drawing")
    page.locator(".asked button").nth(1).click()
    page.get_by_role("heading", name="Yes, it is in “mine”.").wait_for()


def test_a_newcomer_makes_a_collection_fills_it_and_looks_a_picture_up(
    visit: Open, empty: Running, tmp_path: Path
) -> None:
    page = visit(empty.url, "/", allowed=("404", "422"))
    page.get_by_role("heading", name="There is no collection yet.").wait_for()
    page.get_by_role("button", name="Make one").click()
    page.get_by_label("New collection").fill("照片")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("letters A to Z, digits")
    expect(page.get_by_role("alert").locator("p")).to_have_count(1)  # there is nothing to do
    page.get_by_label("New collection").fill("mine")
    page.get_by_role("button", name="Make", exact=True).click()
    page.get_by_role("heading", name="Add pictures to “mine”").wait_for()
    page.get_by_label("New collection").fill("mine")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("There is a collection “mine” already")
    chosen = files(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture")
    upload(page, [tmp_path / "notes.txt"])
    expect(page.get_by_text("1 file is no picture and was left out.")).to_be_visible()
    upload(page, chosen)
    expect(page.get_by_text("3 added")).to_be_visible()
    expect(page.locator(".refused li")).to_have_count(1)
    expect(page.locator(".refused li")).to_contain_text("none.jpg")
    upload(page, chosen)
    expect(page.get_by_text("3 already here")).to_be_visible()
    page.get_by_role("button", name="Is it here?").click()
    page.locator("input[data-lookup]").set_input_files(chosen[1])
    page.get_by_role("heading", name="Yes, it is in “mine”.").wait_for()
    expect(page.locator(".strip .verdict")).to_have_text("the same file")
    expect(page.locator(".laid .over img")).to_have_attribute("style", re.compile("matrix3d"))
    page.get_by_role("button", name="Blink").click()
    page.get_by_role("button", name="Stop blinking").click()
    page.locator("input[data-lookup]").set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_role("alert")).to_contain_text("This is no picture")
    (tmp_path / "drawn.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.locator("input[data-lookup]").set_input_files(tmp_path / "drawn.png")
    expect(page.get_by_role("alert")).to_contain_text("it is an SVG drawing, and no picture")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)  # it stays a drawing
    other = tmp_path / "other.jpg"
    other.write_bytes(noise(9))
    several_are_looked_up(page, [other, chosen[1], tmp_path / "drawn.png", chosen[0]])
    page.locator("input[data-lookup]").set_input_files(other)
    page.get_by_role("heading", name="This picture is not in “mine”").wait_for()
    known = pdq_of(np.asarray(Image.open(io.BytesIO(noise(9)))))
    empty.client().put_hash_list("mine", "partner", f"{known.text},{known.quality},<b>case 7</b>")
    page.locator("input[data-lookup]").set_input_files(other)
    page.get_by_role("heading", name="the list “partner” has a hash near its own").wait_for()
    expect(page.locator(".listed li")).to_contain_text("partner <b>case 7</b>")
    expect(page.locator(".listed li")).to_contain_text("0 bits of 256 apart")


def moves_lie_beside_what_was_indexed(page: Page, folder: Path) -> None:
    write = """async (members) => {
        const base = document.querySelector('script').src.replace('main.js', 'copies/');
        const { fileOf, movesOf } = await import(base + 'review.js');
        const group = { members, keep: 0, state: 'accepted' };
        return [movesOf([group], ['a note']), fileOf(members[1])];
    }"""
    name = "it's $(touch x) -b.jpg"
    ids = [("Trip/a.jpg", "a.jpg"), (f"Trip/2/{name}", name), ("sku", "https://a.example/b.jpg")]
    script, said = page.evaluate(write, [{"id": one, "part": {"uri": uri}} for one, uri in ids])
    assert said == f"Trip/2/{name}"  # of two of one name the folder tells which
    (folder / "Trip" / "2").mkdir(parents=True)
    (folder / "Trip" / "2" / name).touch()
    (folder / "moves.sh").write_text(script)
    done = subprocess.run(["sh", "moves.sh"], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [one.name for one in (folder / "duplicates").iterdir()] == [f"00001-{name}"]
    assert not (folder / "x").exists()


def test_duplicates_are_decided_with_keys_and_come_out_as_a_list(
    visit: Open, empty: Running, tmp_path: Path
) -> None:
    client = empty.client()
    client.put_collection("twice")
    page = visit(empty.url, "/?c=twice&view=collections")
    upload(page, files(tmp_path)[:3])
    page.goto(f"{empty.url}/?c=twice&view=duplicates")
    page.get_by_role("button", name="Find duplicates").click()
    group = page.locator(".group")
    group.wait_for(timeout=30_000)
    expect(page.get_by_text("0 of 1 group decided")).to_be_visible()
    group.focus()
    page.keyboard.press("a")
    expect(page.get_by_text("1 of 1 group decided")).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Accept all exact copies").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the list").click()
    lines = [one.split("\t") for one in waiting.value.path().read_text("utf-8").splitlines()]
    assert sorted(one[0] for one in lines[1:]) == ["drop", "keep"]
    expect(group.get_by_text(re.compile("^not kept: (fewer bytes|stored later)$"))).to_have_count(0)
    group.focus()
    page.keyboard.press("ArrowRight")
    expect(group.get_by_text(re.compile("^not kept: (fewer bytes|stored later)$"))).to_have_count(1)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download a script of moves").click()
    assert "\nmv " not in waiting.value.path().read_text("utf-8")  # uploads are no files
    moves_lie_beside_what_was_indexed(page, tmp_path)
    assert {one[2] for one in lines[1:]} == {"a.jpg", "copy.png"}
    assert len(client.records("twice").records) == 3


def test_an_allowed_folder_is_indexed_and_what_was_skipped_is_told(
    visit: Open, empty: Running
) -> None:
    empty.client().put_collection("trip")
    page = visit(empty.url, "/?c=trip&view=collections")
    page.locator(".sources li", has_text="Holidays").get_by_role("button", name="Index").click()
    expect(page.locator(".panel")).to_contain_text("3 added", timeout=20_000)
    expect(page.locator(".refused li")).to_contain_text("torn.jpg")
    page.get_by_role("button", name="Search it").first.wait_for()


def test_a_hit_is_pinned_in_a_draft_that_is_tried_published_and_taken_back(
    visit: Open, shop: Shop
) -> None:
    client, url = shop.service.client(), shop.service.url
    page = visit(url, "/?c=shop&q=blue+bag", allowed=("422",))
    page.locator('.tile[title^="Green bag"]').first.click()
    page.get_by_role("button", name="Pin for “blue bag”").click()
    page.get_by_text("go by the draft").wait_for()
    expect(page).to_have_url(f"{url}/?c=shop&q=blue+bag&rules=draft")
    expect(page.locator(".tile").first).to_have_attribute("title", re.compile("^Green bag"))
    page.get_by_role("button", name="As published").click()
    expect(page.locator(".tile").first).to_have_attribute("title", re.compile("^Blue bag"))
    page.goto(f"{url}/?c=shop&q=blue+bag&view=rules")
    page.get_by_role("button", name="Add synonyms").click()
    words = page.get_by_label("Words, with commas between")
    words.fill("bag, satchel，hold-all")
    words.press("Tab")
    page.get_by_role("button", name="Try the draft").click()
    expect(page.locator("table.tried")).to_contain_text("→ 1")
    page.get_by_label("What for").fill("green week")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Version 1 holds").wait_for()
    held = client.rules("shop").rules
    assert held["synonyms"] == [{"words": ["bag", "satchel", "hold-all"]}]
    [[pin]] = [one["pin"] for one in held["curations"]]
    assert client.search("shop", "blue bag").hits[0].id == pin["id"]
    page.get_by_role("button", name="Add a boost").click()
    page.get_by_label("Weight").fill("99")
    page.get_by_label("Weight").press("Tab")
    page.get_by_role("button", name="Keep as draft").click()
    expect(page.get_by_role("alert")).to_contain_text("weight")
    page.get_by_role("button", name="Remove bag, satchel, hold-all").click()
    page.get_by_label("Weight").fill("0.5")
    page.get_by_label("Weight").press("Tab")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Version 2 holds").wait_for()
    page.get_by_role("button", name="Go back to 1").click()
    page.get_by_text("Version 3 holds").wait_for()
    assert client.rules("shop").rules == held
    client.put_rules_draft("shop", {})  # others search the shop, too
    client.publish_rules("shop")


def test_a_room_that_could_not_be_fetched_is_fetched_when_it_is_tried_again(
    visit: Open, shop: Shop
) -> None:
    page = visit(shop.service.url, "/?c=shop", allowed=("net::ERR_FAILED",))
    page.locator(".tile").first.wait_for()
    page.route("**/copies/lookup.js", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Is it here?").first.click()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Is it here?").wait_for()


def test_two_who_edit_the_rules_lose_nothing_of_each_other(visit: Open, shop: Shop) -> None:
    client, url = shop.service.client(), shop.service.url
    first, second = (visit(url, "/?c=shop&q=bag&view=rules", allowed=("412",)) for _ in range(2))
    for page, words in ((first, "bag, satchel"), (second, "bag, sack")):
        page.get_by_role("button", name="Add synonyms").click()
        page.get_by_label("Words, with commas between").fill(words)
        page.get_by_label("Words, with commas between").press("Tab")
    first.get_by_role("button", name="Keep as draft").click()
    first.get_by_text("A draft waits").wait_for()
    second.get_by_role("button", name="Keep as draft").click()
    expect(second.get_by_role("alert")).to_contain_text("the draft is another one")
    assert client.rules_draft("shop").rules["synonyms"] == [{"words": ["bag", "satchel"]}]
    second.get_by_role("link", name="Binocle").click()  # away and back: edits are there
    second.go_back()
    expect(second.get_by_label("Words, with commas between")).to_have_value("bag, sack")
    second.get_by_role("button", name="Keep as draft").click()
    second.get_by_role("button", name="Take the other draft").click()
    expect(second.get_by_label("Words, with commas between")).to_have_value("bag, satchel")
    client.put_rules_draft("shop", {"synonyms": [{"words": ["bag", "pouch"]}]})
    second.get_by_role("button", name="Discard the draft").click()
    expect(second.get_by_role("alert")).to_contain_text("the draft is another one")
    client.delete_rules_draft("shop")
