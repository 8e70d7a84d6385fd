"""Pictures over HTTP, as they came and small."""

import asyncio
import io
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.http.routes.pictures import HeldFile
from binocle.errors import NotFoundError
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, index_source

_ORIENTATION = 0x0112


def lying_picture() -> bytes:
    """Return a 200 x 100 picture, left half red, that EXIF says to turn right: red on top."""
    image = Image.new("RGB", (200, 100), "blue")
    image.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()


def near(colour: str, other: str) -> bool:
    one, two = (bytes.fromhex(each.removeprefix("#")) for each in (colour, other))
    return all(abs(a - b) < 6 for a, b in zip(one, two, strict=True))


def test_thumbnail_is_upright_small_and_kept(service: Running, name: str) -> None:
    client, http = service.client(), service.http()
    client.store(name, [RecordBody(id="a/b c", images=[picture(lying_picture())])])
    thumbnail = client.record(name, "a/b c").thumbnail
    assert thumbnail is not None
    answer = http.get(f"{thumbnail}&size=64")
    assert answer.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("WEBP", (100, 200))
        top, bottom = (image.convert("RGB").getpixel((50, y)) for y in (25, 175))
        assert not image.getexif()
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert top[2] < 60
    assert bottom[2] > 200
    assert bottom[0] < 60
    kept = list((service.home / "collections" / name / "thumbnails").rglob("*-320.webp"))
    assert [path.read_bytes() for path in kept] == [answer.content]
    written = kept[0].stat().st_mtime_ns
    assert http.get(thumbnail).content == answer.content
    assert kept[0].stat().st_mtime_ns == written
    known = {"If-None-Match": answer.headers["etag"]}
    again = http.get(thumbnail, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert http.get(f"{thumbnail}&size=640", headers=known).status_code == 200
    assert http.get(f"{thumbnail}&size=5").status_code == 422


def test_replaced_picture_has_another_thumbnail(
    client: Client, name: str, pictures: list[bytes]
) -> None:
    seen = set()
    for data in pictures[:2]:
        client.store(name, [RecordBody(id="x", images=[picture(data)])])
        seen.add(client.thumbnail(name, "x"))
    assert len(seen) == 2


@pytest.mark.parametrize(("format", "type"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
def test_picture_comes_back_as_it_went(service: Running, name: str, format: str, type: str) -> None:
    data = picture_bytes(1, format=format)
    service.client().store(name, [RecordBody(id="x", images=[picture(data)])])
    http, url = service.http(), f"/v1/collections/{name}/records/x/image"
    whole = http.get(url)
    assert (whole.content, whole.headers["content-type"]) == (data, f"image/{type}")
    part = http.get(url, headers={"Range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, data[10:30])
    assert part.headers["content-range"] == f"bytes 10-29/{len(data)}"
    assert http.get(url, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    etag = whole.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        answer = http.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
    assert http.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_star_stands_for_whatever_picture_there_is(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    service.client().store(name, [RecordBody(id="x", images=[picture(pictures[0])])])
    url = f"/v1/collections/{name}/records/x/image"
    assert service.http().get(url, headers={"If-None-Match": "*"}).status_code == 304


def test_record_without_a_picture_has_none(client: Client, name: str) -> None:
    client.store(name, [RecordBody(id="x", texts={"t": "words"})])
    assert client.record(name, "x").thumbnail is None
    for ask in (client.image, client.thumbnail):
        with pytest.raises(ClientError) as caught:
            ask(name, "x")
        assert caught.value.status == 404


def test_thumbnails_have_three_sizes_whatever_is_asked(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    big = picture_bytes(3, size=(3000, 2000))
    service.client().store(name, [RecordBody(id="x", images=[picture(big)])])
    http, url = service.http(), f"/v1/collections/{name}/records/x/thumbnail"
    made = {16: (320, "webp"), 320: (320, "webp"), 321: (640, "webp"), 640: (640, "webp"),
            641: (1280, "jpeg"), 1280: (1280, "jpeg"), 2048: (1280, "jpeg")}  # fmt: skip
    for size, (side, kind) in made.items():
        answer = http.get(url, params={"size": size})
        assert answer.headers["content-type"] == f"image/{kind}"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (max(image.size), image.format) == (side, kind.upper())
    kept = (service.home / "collections" / name / "thumbnails").rglob("*.*")
    assert sorted(path.name[64:] for path in kept) == ["-1280.jpg", "-320.webp", "-640.webp"]


def test_pictures_are_given_where_nothing_can_be_kept(indexing: Running, allowed: Path) -> None:
    client = indexing.client()
    assert index_source(client, allowed / "all.tar").state == "done"
    folder = indexing.home / "collections" / "c"
    for derived in ("thumbnails", "originals"):
        (folder / derived).write_text("in the way")
    original = (allowed / "photos" / "1.jpg").read_bytes()
    [hit] = client.search("c", "red").hits
    assert client.image("c", hit.id) == original
    assert client.thumbnail("c", hit.id)[8:12] == b"WEBP"


def test_records_whose_ids_have_lines_are_reached(indexing: Running, allowed: Path) -> None:
    for number, file_name in enumerate(("a\nb.jpg", "c.jpg\n.jpg")):
        (allowed / "photos" / file_name).write_bytes(picture_bytes(number))
    assert index_source(indexing.client(), allowed / "photos").state == "done"
    http = indexing.http()
    for number, path in enumerate(("photos/a%0Ab.jpg", "photos%2Fc.jpg%0A.jpg")):
        url = f"/v1/collections/c/records/{path}"
        assert "\n" in http.get(url).json()["id"]
        assert http.get(f"{url}/thumbnail").status_code == 200
        assert http.get(f"{url}/image").content == picture_bytes(number)
        assert http.delete(url).status_code == 204
        assert http.get(url).json()["code"] == "not-found"


def test_each_picture_of_a_record_is_had_by_its_part_and_kept_for_good(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    http = service.http()
    both = [picture(one) for one in pictures[:2]]
    service.client().store(
        name, [RecordBody(id="x", images=both), RecordBody(id="y", texts={"t": "z"})]
    )
    parts = http.get(f"/v1/collections/{name}/records/x").json()["parts"]
    for part, data in zip(parts, pictures, strict=False):
        answer = http.get(part["image"])
        assert answer.content == data
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert http.get(part["thumbnail"]).headers["cache-control"].endswith("immutable")
    url = f"/v1/collections/{name}/records/x/image"
    unsure = http.get(url, params={"part": parts[1]["id"], "v": "0" * 12})
    assert unsure.content == pictures[1]
    assert unsure.headers["cache-control"] == "private, max-age=3600"
    assert http.get(url, params={"part": 999}).status_code == 404
    assert http.get(url.replace("/x/", "/y/"), params={"part": parts[0]["id"]}).status_code == 404
    for wrong in ({"part": "one"}, {"part": 2**70}, {"part": -1}, {"v": "12"}, {"v": "G" * 12}):
        assert http.get(url, params=wrong).status_code == 422, wrong


def test_head_tells_what_get_would_without_the_picture(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    service.client().store(name, [RecordBody(id="x", images=[picture(pictures[0])])])
    http, url = service.http(), f"/v1/collections/{name}/records/x/image"
    got, told = http.get(url), http.head(url)
    assert (told.status_code, told.content) == (200, b"")
    for one in ("content-length", "content-type", "etag", "cache-control"):
        assert told.headers[one] == got.headers[one]
    assert http.head(url.replace("/x/", "/none/")).status_code == 404
    assert http.head(f"/v1/collections/{name}/lookup").status_code == 405


def test_colour_of_an_older_collection_is_kept_with_its_first_thumbnail(
    service: Running, name: str
) -> None:
    http = service.http()
    service.client().store(name, [RecordBody(id="x", images=[picture(lying_picture())])])
    url = f"/v1/collections/{name}/records/x"
    known = http.get(url).json()["picture"]
    assert (known["width"], known["height"]) == (100, 200)
    assert near(known["colour"], "#7f007f")
    with closing(sqlite3.connect(service.home / "collections" / name / "catalog.sqlite")) as old:
        old.execute("DELETE FROM picture_colours")
        old.commit()
    assert http.get(url).json()["picture"] == {**known, "colour": None}
    assert http.get(f"{url}/thumbnail").status_code == 200
    deadline = time.monotonic() + 10
    while (found := http.get(url).json()["picture"])["colour"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert near(found["colour"], "#7f007f")


def test_colours_wait_for_a_locked_catalogue_alone(service: Running, name: str) -> None:
    http, client = service.http(), service.client()
    client.store(
        name, [RecordBody(id=f"x{one}", images=[picture(picture_bytes(one))]) for one in range(45)]
    )
    path = service.home / "collections" / name / "catalog.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM picture_colours")
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for one in range(45):
            url = f"/v1/collections/{name}/records/x{one}/thumbnail"
            assert http.get(url).status_code == 200
        assert http.get(f"/v1/collections/{name}/schema").status_code == 200
        assert time.monotonic() - began < 15
        other.execute("ROLLBACK")


_SCOPE = {
    "type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.4"},
}  # fmt: skip


def sent(path: Path, *, removed_before: bool = False) -> list[dict[str, Any]]:
    """Return what goes out, where the file is removed with the head of its answer or before."""
    messages: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        messages.append(message)
        if path.exists():  # noqa: ASYNC240
            path.unlink()  # noqa: ASYNC240

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    answer = HeldFile(path, media_type="image/jpeg")
    if removed_before:
        path.unlink()
    asyncio.run(answer(_SCOPE, receive, send))
    return messages


def test_file_that_is_removed_while_it_is_sent_is_sent_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture" * 100_000)
    head, *pieces = sent(path)
    assert (head["status"], dict(head["headers"])[b"content-length"]) == (200, b"700000")
    assert b"".join(one["body"] for one in pieces) == b"picture" * 100_000


def test_file_that_is_gone_before_is_not_found_and_nothing_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture")
    with pytest.raises(NotFoundError, match="just been removed"):
        sent(path, removed_before=True)
