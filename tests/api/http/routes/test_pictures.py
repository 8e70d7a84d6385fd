"""Pictures and indexing jobs over HTTP."""

import asyncio
import io
import json
import shutil
import sqlite3
import tarfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api.http.routes.pictures import HeldFile
from binocle.errors import NotFoundError
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from indexer.sources.base import NOT_ALLOWED
from tests.support import picture_bytes
from tests.support.service import Running, Serve

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


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """An allowed folder with a folder of pictures, a tar and a zip of them, and broken things."""
    root = tmp_path / "secret-place"
    (root / "photos").mkdir(parents=True)
    for number in range(4):
        (root / "photos" / f"{number}.jpg").write_bytes(picture_bytes(number))
    (root / "photos" / "bad.jpg").write_bytes(b"no picture")
    with tarfile.open(root / "all.tar", "w") as tar:
        tar.add(root / "photos" / "1.jpg", "in/1.jpg")
    with zipfile.ZipFile(root / "all.zip", "w") as archive:
        archive.write(root / "photos" / "2.jpg", "in/2.jpg")
    (root / "broken.tar").write_bytes(b"no tar" * 300)
    (root / "broken.csv").write_text("a,b\n1,2\n")
    (root / "empty").mkdir()
    return root


@pytest.fixture
def indexing(serve: Serve, allowed: Path) -> Running:
    service = serve(sources=(allowed,))
    service.client().put_collection("c")
    return service


def ends(client: Client, source: Path) -> Any:
    return client.wait_for_job("c", client.start_job("c", source=str(source)).id)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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


def test_jobs_index_folder_tar_and_zip_and_nothing_tells_where_they_lie(
    indexing: Running, allowed: Path
) -> None:
    client, http = indexing.client(), indexing.http()
    sources = ["photos", "all.tar", "all.zip", "broken.tar", "broken.csv", "empty"]
    jobs = [ends(client, allowed / source) for source in sources]
    assert [job.state for job in jobs[:3]] == ["done"] * 3
    assert jobs[0].counts.items() >= {"added": 4, "skipped": 1}.items()
    assert (jobs[0].done, jobs[0].total, jobs[0].source) == (5, 5, "photos")
    assert [job.state for job in jobs[3:]] == ["failed"] * 3
    assert all(job.error and job.error.detail for job in jobs[3:])
    records = client.records("c").records
    assert len(records) == 6
    base = "/v1/collections/c"
    seen = [http.get(f"{base}/jobs/{job.id}").text for job in jobs]
    for record in records:
        assert record.thumbnail is not None
        number = int(Path(record.id).stem)
        assert client.image("c", record.id) == picture_bytes(number)
        thumbnail = http.get(record.thumbnail)
        assert thumbnail.headers["content-type"] == "image/jpeg"
        seen.append(http.get(record.thumbnail.removesuffix("/thumbnail")).text)
    (allowed / "photos" / "0.jpg").unlink()
    gone = http.get(f"{base}/records/photos%2F0.jpg/image")
    assert gone.status_code == 404
    errors = [
        http.get(f"{base}/records/nobody"),
        http.get("/v1/collections/nobody"),
        http.get("/v1/nobody"),
        http.post(f"{base}/jobs", json={"source": "nowhere"}),
        http.post(f"{base}/search", json={"query": "x", "cursor": "x"}),
    ]
    assert all(400 <= answer.status_code < 500 for answer in errors)
    paths = [base, "/v1/collections", f"{base}/search?q=red&limit=50", f"{base}/records"]
    paths += ["/v1/models", "/metrics", "/readyz", "/healthz", "/openapi.json"]
    seen += [answer.text for answer in (gone, *errors, *map(http.get, paths))]
    for text in seen:
        assert str(indexing.home) not in text
        assert "secret-place" not in text


def test_picture_indexed_from_a_folder_has_no_local_path_in_any_field(
    indexing: Running, allowed: Path
) -> None:
    table = allowed / "shop.csv"
    table.write_text(f"id,picture,title\n1,{allowed}/photos/1.jpg,red\n")
    client, http = indexing.client(), indexing.http()
    job = client.start_job("c", source=str(table), image_column="picture", id_column="id")
    assert client.wait_for_job("c", job.id).state == "done"
    record = http.get("/v1/collections/c/records").json()["records"][0]
    assert all("secret-place" not in part["uri"] for part in record["parts"])
    assert "secret-place" not in record["uri"]


def test_paths_that_are_not_allowed_are_refused_alike(
    indexing: Running, allowed: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (allowed / "link").symlink_to(outside)
    tries = [
        outside, tmp_path, tmp_path / "nowhere", "/etc", "/no/such/thing", f"{allowed}x",
        allowed / ".." / "outside", allowed / "link", "", "~", "photos", "x" * 3999,
    ]  # fmt: skip
    seen = set()
    for path in filter(None, map(str, tries)):
        answer = indexing.http().post("/v1/collections/c/jobs", json={"source": path})
        problem = answer.json()
        seen.add((answer.status_code, problem["code"], problem["detail"], problem["field"]))
    assert len(seen) == 1
    assert seen.pop()[:2] == (403, "source-not-allowed")
    answer = indexing.http().post("/v1/collections/c/jobs", json={"source": f"{allowed}/nowhere"})
    assert answer.status_code == 422


def test_links_that_lead_out_of_allowed_folders_are_not_followed(
    indexing: Running, allowed: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for number in (7, 8):
        (outside / f"{number}.jpg").write_bytes(picture_bytes(number))
    photos = allowed / "photos"
    (photos / "bad.jpg").unlink()
    (photos / "file.jpg").symlink_to(outside / "7.jpg")
    (photos / "folder").symlink_to(outside)
    (photos / "nowhere.jpg").symlink_to(outside / "nowhere.jpg")
    (photos / "again.jpg").symlink_to(photos / "1.jpg")
    client = indexing.client()
    job = ends(client, photos)
    assert (job.state, job.counts["added"], job.counts["skipped"]) == ("done", 5, 3)
    catalog = indexing.home / "collections" / "c" / "catalog.sqlite"
    with closing(sqlite3.connect(catalog)) as database:
        skipped = database.execute("SELECT key, message FROM items WHERE code NOT NULL").fetchall()
    assert sorted(skipped) == [(one, NOT_ALLOWED) for one in ("file.jpg", "folder", "nowhere.jpg")]


def test_a_job_over_a_folder_that_is_empty_now_keeps_its_records(
    indexing: Running, allowed: Path
) -> None:
    client = indexing.client()
    assert ends(client, allowed / "photos").state == "done"
    before = client.collection("c").records
    assert before > 0
    shutil.rmtree(allowed / "photos")
    (allowed / "photos").mkdir()
    job = ends(client, allowed / "photos")
    assert job.state == "failed"
    assert "records are kept" in job.error.detail
    assert str(allowed.parent) not in job.error.detail
    assert client.collection("c").records == before


def test_events_follow_a_job_to_its_end(indexing: Running, allowed: Path) -> None:
    job = indexing.client().start_job("c", source=str(allowed / "photos"))
    url = f"/v1/collections/c/jobs/{job.id}/events"
    with indexing.http().stream("GET", url) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = "".join(answer.iter_text()).strip().split("\n\n")
    kinds = [event.split("\n")[0].removeprefix("event: ") for event in events]
    last = json.loads(events[-1].split("\n")[1].removeprefix("data: "))
    assert kinds[-1] == last["state"] == "done"
    assert set(kinds[:-1]) <= {"waiting", "running"}
    assert (last["done"], last["id"]) == (5, job.id)


def test_cancelled_jobs_end_whether_they_run_or_wait(indexing: Running, allowed: Path) -> None:
    many = allowed / "many"
    many.mkdir()
    for number in range(600):
        (many / f"{number}.jpg").write_bytes(picture_bytes(number, size=(400, 300)))
    client = indexing.client()
    jobs = [client.start_job("c", source=str(many)) for _ in range(2)]
    wait_until(lambda: client.job("c", jobs[0].id).done > 0)
    client.cancel_job("c", jobs[1].id)
    client.cancel_job("c", jobs[0].id)
    ended = [client.wait_for_job("c", job.id, timeout_s=20) for job in jobs]
    assert [job.state for job in ended] == ["cancelled"] * 2
    assert 0 <= client.collection("c").records < 600
    with pytest.raises(ClientError):
        client.job("c", "nobody")
    indexing.client().put_collection("other")
    with pytest.raises(ClientError):
        client.job("other", jobs[0].id)


def test_service_stops_while_a_job_runs(serve: Serve, allowed: Path) -> None:
    for number in range(300):
        (allowed / "photos" / f"n{number}.jpg").write_bytes(picture_bytes(number))
    service = serve(sources=(allowed,))
    client = service.client()
    client.put_collection("c")
    client.start_job("c", source=str(allowed / "photos"))
    started = time.monotonic()
    service.stack.close()
    assert time.monotonic() - started < 10


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
    assert ends(client, allowed / "all.tar").state == "done"
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
    assert ends(indexing.client(), allowed / "photos").state == "done"
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
