"""Indexing jobs, and backups as jobs by a key that may do nothing else."""

import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from api.operations.backup.restoring import check_backup
from binocle.collection.beside_searches import NICE
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array, PixelArray
from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from indexer.sources.base import NOT_ALLOWED
from tests.support import picture_bytes
from tests.support.service import Running, Serve, index_source, problem_of, running


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_jobs_index_folder_tar_and_zip_and_nothing_tells_where_they_lie(
    indexing: Running, allowed: Path
) -> None:
    client, http = indexing.client(), indexing.http()
    sources = ["photos", "all.tar", "all.zip", "broken.tar", "broken.csv", "empty"]
    jobs = [index_source(client, allowed / source) for source in sources]
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
        assert thumbnail.headers["content-type"] == "image/webp"
        seen.append(http.get(record.thumbnail.partition("/thumbnail")[0]).text)
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


def test_a_source_that_is_not_there_is_told_as_it_was_named(
    indexing: Running, allowed: Path
) -> None:
    named = f"{allowed.name}/nowhere"
    answer = indexing.http().post("/v1/collections/c/jobs", json={"source": named})
    problem_of(answer, 422, "bad-source")
    assert f"there is nothing at {named}" in answer.text
    assert str(allowed) not in answer.text


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
    job = index_source(client, photos)
    assert (job.state, job.counts["added"], job.counts["skipped"]) == ("done", 5, 3)
    catalog = indexing.home / "collections" / "c" / "catalog.sqlite"
    with closing(sqlite3.connect(catalog)) as database:
        skipped = database.execute("SELECT key, message FROM items WHERE code NOT NULL").fetchall()
    assert sorted(skipped) == [(one, NOT_ALLOWED) for one in ("file.jpg", "folder", "nowhere.jpg")]


def test_a_job_over_a_folder_that_is_empty_now_keeps_its_records(
    indexing: Running, allowed: Path
) -> None:
    client = indexing.client()
    assert index_source(client, allowed / "photos").state == "done"
    before = client.collection("c").records
    assert before > 0
    shutil.rmtree(allowed / "photos")
    (allowed / "photos").mkdir()
    job = index_source(client, allowed / "photos")
    assert job.state == "failed"
    assert "records are kept" in job.error.detail
    assert str(allowed.parent) not in job.error.detail
    assert client.collection("c").records == before


def test_job_may_leave_out_files_and_say_what_texts_are_in(
    indexing: Running, allowed: Path
) -> None:
    client, http = indexing.client(), indexing.http()
    (allowed / "titles.txt").write_bytes("赤いシャツ\n".encode("shift-jis"))
    for source, more in (
        ("titles.txt", {"encoding": "shift-jis"}),
        ("photos", {"exclude": ["[1-9].jpg", "bad.*"]}),
    ):
        job = client.start_job("c", source=str(allowed / source), **more)
        assert client.wait_for_job("c", job.id).state == "done"
    assert sorted(one.id for one in client.records("c").records) == ["photos/0.jpg", "titles.txt#1"]
    found = http.get("/v1/collections/c/records/titles.txt%231").json()
    assert found["parts"][0]["text"] == "赤いシャツ"
    for field, value in (("encoding", "klingon"), ("exclude", ["!"])):
        body = {"source": str(allowed / "photos"), field: value}
        answer = http.post("/v1/collections/c/jobs", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_what_a_job_embeds_makes_way_for_searches(
    indexing: Running, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, found = ColourEncoder.encode_images, []

    def noted(self: ColourEncoder, pixels: PixelArray) -> Float32Array:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return encode(self, pixels)

    monkeypatch.setattr(ColourEncoder, "encode_images", noted)
    index_source(indexing.client(), allowed / "photos")
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert set(found) == {max(own, NICE)}


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


def filled(service: Running) -> str:
    """Make a collection of one record; return a key that may make backups."""
    client = service.client()
    client.put_collection("c")
    client.store("c", [RecordBody(id="a", images=[picture(picture_bytes(1))])])
    return service.keys.add("nightly", "backup", None)


def test_key_for_backups_makes_one_and_reads_nothing(serve: Serve, tmp_path: Path) -> None:
    to = tmp_path / "backups"
    service = serve(backups=to)
    with Client(service.url, api_key=filled(service)) as client:
        job = client.wait_for_job("c", client.start_backup("c").id)
        assert (job.state, job.kind, job.counts["files"]) == ("done", "backup", 2)
        again = client.wait_for_job("c", client.start_backup("c").id)
        assert again.counts["copied"] == 0
        with pytest.raises(ClientError, match="may not read"):
            client.record("c", "a")
    manifest, wrong = check_backup(to)
    assert (list(manifest.collections), wrong) == (["c"], [])


def test_backup_needs_a_folder_that_the_operator_names(serve: Serve) -> None:
    service = serve()
    with Client(service.url, api_key=filled(service)) as client:
        with pytest.raises(ClientError, match="BINOCLE_BACKUPS") as caught:
            client.start_backup("c")
        assert (caught.value.status, caught.value.code) == (403, "backup-not-allowed")


def test_key_that_reads_makes_no_backup(serve: Serve, tmp_path: Path) -> None:
    service = serve(backups=tmp_path / "backups")
    filled(service)
    secret = service.keys.add("reader", "read", None)
    with Client(service.url, secret) as client, pytest.raises(ClientError, match="make backups"):
        client.start_backup("c")
    assert not (tmp_path / "backups").exists()


def test_folder_of_backups_is_not_told_where_it_fails(serve: Serve, tmp_path: Path) -> None:
    to = tmp_path / "not a folder"
    to.write_text("x")
    service = serve(backups=to)
    with Client(service.url, api_key=filled(service)) as client:
        job = client.wait_for_job("c", client.start_backup("c").id)
    assert job.state == "failed"
    assert job.error is not None
    assert str(tmp_path) not in job.error.detail


def test_jobs_are_listed_by_kind_state_and_collection_the_latest_first(
    indexing: Running, allowed: Path
) -> None:
    client, http = indexing.client(), indexing.http()
    client.put_collection("other")
    done = index_source(client, allowed / "photos")
    failed = index_source(client, allowed / "broken.csv")
    found = client.wait_for_job("other", client.start_duplicates("other").id)
    client.put_alias("front", "c")

    def ids(**asked: object) -> list[str]:
        return [one.id for one in client.jobs(**asked).jobs]  # type: ignore[arg-type]

    assert ids() == [found.id, failed.id, done.id]
    assert ids(collection="c") == ids(collection="front") == [failed.id, done.id]
    assert ids(state=["done"]) == [found.id, done.id]
    assert ids(kind=["index"], state=["failed", "done"]) == [failed.id, done.id]
    assert [one["id"] for one in http.get("/v1/collections/front/jobs?limit=1").json()["jobs"]] == [
        failed.id
    ]
    first = client.jobs(limit=2)
    assert [one.id for one in client.jobs(limit=2, cursor=first.cursor).jobs] == [done.id]
    assert (done.created_at or "") <= (done.begun_at or "") <= (done.ended_at or "")
    for wrong in ("kind=cooking", "state=lost", "limit=0", "limit=501", "nothing=1"):
        assert problem_of(http.get(f"/v1/jobs?{wrong}"), 422, "invalid")
    for cursor in ("x", "j", "jx", "5", "j-1"):
        problem = problem_of(http.get(f"/v1/jobs?cursor={cursor}"), 422, "bad-cursor")
        assert problem["field"] == "query.cursor"


def test_key_lists_the_jobs_of_its_collections(serve: Serve) -> None:
    service = serve()
    client = service.client()
    for name in ("c", "other"):
        client.put_collection(name)
        client.wait_for_job(name, client.start_duplicates(name).id)
    own = service.http(service.keys.add("own", "read", ("c",)))
    assert [one["collection"] for one in own.get("/v1/jobs").json()["jobs"]] == ["c"]
    problem_of(own.get("/v1/jobs?collection=other"), 403, "key-not-allowed")
    problem_of(own.get("/v1/collections/other/jobs"), 403, "key-not-allowed")
    nightly = service.http(service.keys.add("nightly", "backup", None))
    assert len(nightly.get("/v1/jobs").json()["jobs"]) == 2


def test_ended_jobs_and_their_results_are_there_after_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as service:
        filled(service)
        (home / "keys.json").unlink()
    with running(home) as service:
        client = service.client()
        job = client.wait_for_job("c", client.start_duplicates("c").id)
        labels = client.start_labelling("c", labels=["red", "blue"])
        client.wait_for_job("c", labels.id)
        before = (client.duplicates("c", job.id), client.labels_of_job("c", labels.id))
    with running(home) as service:
        client = service.client()
        assert client.job("c", job.id) == job
        assert (client.duplicates("c", job.id), client.labels_of_job("c", labels.id)) == before
        assert (
            "text/html"
            in service.http()
            .get(f"/v1/collections/c/duplicates/{job.id}/report")
            .headers["content-type"]
        )
        client.delete_collection("c")
        client.put_collection("c")
        assert client.jobs().jobs == []
