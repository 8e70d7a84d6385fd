"""Pictures over HTTP, as they came and small."""

import asyncio
import io
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


def test_thumbnail_is_upright_small_and_kept(service: Running, name: str) -> None:
    client, http = service.client(), service.http()
    client.store(name, [RecordBody(id="a/b c", images=[picture(lying_picture())])])
    thumbnail = client.record(name, "a/b c").thumbnail
    assert thumbnail is not None
    answer = http.get(thumbnail, params={"size": 64})
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (32, 64))
        top, bottom = (image.convert("RGB").getpixel((16, y)) for y in (8, 56))
        assert not image.getexif()
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert top[2] < 60
    assert bottom[2] > 200
    assert bottom[0] < 60
    kept = list((service.home / "collections" / name / "thumbnails").rglob("*-64.jpg"))
    assert [path.read_bytes() for path in kept] == [answer.content]
    written = kept[0].stat().st_mtime_ns
    assert http.get(thumbnail, params={"size": 64}).content == answer.content
    assert kept[0].stat().st_mtime_ns == written
    again = http.get(
        thumbnail, params={"size": 64}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = http.get(thumbnail, headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200
    assert http.get(thumbnail, params={"size": 5}).status_code == 422


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


def test_thumbnails_have_few_sizes_none_larger_than_asked(
    service: Running, name: str, pictures: list[bytes]
) -> None:
    big = picture_bytes(3, size=(3000, 2000))
    service.client().store(name, [RecordBody(id="x", images=[picture(big)])])
    http, url = service.http(), f"/v1/collections/{name}/records/x/thumbnail"
    for size in range(16, 2049, 127):
        with Image.open(io.BytesIO(http.get(url, params={"size": size}).content)) as image:
            assert 0.6 * size <= max(image.size) <= size
    kept = list((service.home / "collections" / name / "thumbnails").rglob("*.jpg"))
    assert len(kept) <= 13


def test_pictures_are_given_where_nothing_can_be_kept(indexing: Running, allowed: Path) -> None:
    client = indexing.client()
    assert index_source(client, allowed / "all.tar").state == "done"
    folder = indexing.home / "collections" / "c"
    for derived in ("thumbnails", "originals"):
        (folder / derived).write_text("in the way")
    original = (allowed / "photos" / "1.jpg").read_bytes()
    [hit] = client.search("c", "red").hits
    assert client.image("c", hit.id) == original
    assert client.thumbnail("c", hit.id)[:2] == b"\xff\xd8"


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
