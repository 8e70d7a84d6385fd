"""Buckets and listings are indexed as folders are: what is unchanged is not read."""

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from binocle.errors import NothingIndexedError, SourceError
from indexer.sources.folder import FolderSource
from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.stores.object_store import ObjectStore
from indexer.stored_media import StoredMedia
from tests.support import Bench
from tests.support.buckets import Buckets, forget_stores, listing
from tests.support.stored_pictures import Reads, counts, picture_of


def test_only_what_changed_is_read_again(
    bench: Bench, store: Buckets, bucket: str, reads: Reads
) -> None:
    address = f"s3://{bucket}/shop"
    assert counts(bench, RemoteSource(address)) == (6, 0, 0, 0, 1)
    assert len(reads.addresses) == 6
    assert counts(bench, RemoteSource(address)) == (0, 0, 6, 0, 1)
    assert len(reads.addresses) == 6
    store.put(bucket, "shop/bags/1.jpg", picture_of(21))
    store.remove(bucket, "shop/bags/3.jpg")
    store.put(bucket, "shop/new.jpg", picture_of(22))
    assert counts(bench, RemoteSource(address)) == (1, 1, 4, 1, 1)
    assert sorted(reads.addresses[6:]) == [f"{address}/bags/1.jpg", f"{address}/new.jpg"]
    assert bench.ids() == [
        f"shop/{one}" for one in ("bags/1.jpg", "bags/5.jpg", "new.jpg", "shoes/0.jpg",
                                  "shoes/2.jpg", "shoes/4.jpg")
    ]  # fmt: skip
    assert bench.rows("select uri, kind from sources") == [(address, "remote")]


def test_pictures_are_opened_again_for_thumbnails(
    bench: Bench, store: Buckets, bucket: str
) -> None:
    bench.index(RemoteSource(f"s3://{bucket}/shop"))
    media = StoredMedia(bench.collection.path)
    uris = [row[0] for row in bench.rows("select uri from parts")]
    assert sorted(media.read(uri) for uri in uris) == sorted(map(picture_of, range(6)))


def test_a_part_of_a_known_address_is_a_run_over_it(
    bench: Bench, store: Buckets, bucket: str
) -> None:
    address = f"s3://{bucket}/shop"
    bench.index(RemoteSource(address))
    store.remove(bucket, "shop/bags/1.jpg", "shop/shoes/0.jpg")
    assert counts(bench, RemoteSource(f"{address}/bags")) == (0, 0, 2, 1, 0)
    assert "shop/shoes/0.jpg" in bench.ids()
    assert counts(bench, RemoteSource(f"{address}/bags/5.jpg")) == (0, 0, 1, 0, 0)
    bench.index(RemoteSource(f"s3://{bucket}"))  # takes the part over
    assert bench.rows("select uri from sources") == [(f"s3://{bucket}",)]
    assert len(bench.ids()) == 5


def test_a_bad_object_costs_itself(bench: Bench, store: Buckets, bucket: str) -> None:
    store.put(bucket, "shop/bad.jpg", b"no picture")
    store.put(bucket, "shop/empty.jpg", b"")
    assert counts(bench, RemoteSource(f"s3://{bucket}/shop")) == (6, 0, 0, 0, 3)
    assert set(bench.skipped()) == {"bad.jpg", "empty.jpg", "notes.txt"}


def test_objects_are_read_several_at_a_time(
    bench: Bench, store: Buckets, bucket: str, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4, timeout=10)  # it breaks where fewer read at once
    read = ObjectStore.read

    def waited(self: ObjectStore, address: str) -> bytes:
        if "shoes" in address or address.endswith("1.jpg"):
            together.wait()
        return read(self, address)

    monkeypatch.setattr(ObjectStore, "read", waited)
    assert counts(bench, RemoteSource(f"s3://{bucket}/shop"))[0] == 6
    assert reads.most_at_once <= 16


def test_without_a_network_or_an_object_nothing_is_removed(
    bench: Bench, store: Buckets, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"s3://{bucket}/shop"
    bench.index(RemoteSource(address))
    before = bench.ids()
    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", lambda _seconds: None)
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        forget_stores()
        with pytest.raises(SourceError, match=rf"cannot read {address} \(Could not connect"):
            bench.index(RemoteSource(address))
    forget_stores()
    store.remove(bucket)
    with pytest.raises(SourceError, match=f"there is nothing at {address}"):
        bench.index(RemoteSource(address))
    store.put(bucket, "shop/notes.txt", b"x")
    with pytest.raises(NothingIndexedError, match="records are kept"):
        bench.index(RemoteSource(address))
    assert bench.ids() == before


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "sub folder").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "sub folder/ä.jpg")):
        (folder / name).write_bytes(picture_of(number))
    return folder


def test_a_listing_on_the_web_is_indexed_by_what_heads_tell(
    bench: Bench, pages: Path, reads: Reads
) -> None:
    with listing(pages) as web:
        assert counts(bench, RemoteSource(web.url)) == (2, 0, 0, 0, 0)
        assert counts(bench, RemoteSource(web.url)) == (0, 0, 2, 0, 0)
        assert len(reads.addresses) == 2
        assert counts(bench, RemoteSource(f"{web.url}/a.jpg")) == (0, 0, 1, 0, 0)
        (pages / "sub folder" / "ä.txt").write_text("two")
        assert counts(bench, RemoteSource(web.url)) == (0, 1, 1, 0, 0)
        assert counts(bench, RemoteSource(f"{web.url}/sub%20folder/%C3%A4.jpg"))[2] == 1
    assert [row[0] for row in bench.rows("select text from parts where text is not null")] == [
        "two"
    ]
    told = [json.loads(row[0]) for row in bench.rows("select metadata from records order by key")]
    assert [(one["folder"], one["filename"]) for one in told] == [
        (".", "a.jpg"), ("sub folder", "ä.jpg"),
    ]  # fmt: skip


def test_a_picture_that_a_server_cannot_tell_of_just_now_stays(
    bench: Bench, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with listing(pages) as web:
        bench.index(RemoteSource(web.url))
        before = bench.ids()
        web.answers["/a.jpg"] = (503, {})
        assert counts(bench, RemoteSource(web.url)) == (0, 0, 2, 0, 0)
        assert bench.ids() == before
        web.answers["/a.jpg"] = (404, {})
        bench.index(RemoteSource(web.url))
    assert len(bench.ids()) == 1


def test_who_only_lists_has_nothing_read(bucket: str, reads: Reads) -> None:
    assert len(list(RemoteSource(f"s3://{bucket}/shop").scan("n"))) == 7
    assert reads.addresses == []


def test_an_abandoned_scan_ends_its_reads(bucket: str, reads: Reads) -> None:
    scan = RemoteSource(f"s3://{bucket}/shop").scan("n")
    first = next(scan)
    scan.close()  # type: ignore[attr-defined]
    assert first.images[0].read() == picture_of(1)
    assert first.images[0].read() == picture_of(1)


def test_local_folders_and_addresses_do_not_meet(tmp_path: Path) -> None:
    assert FolderSource(tmp_path).within("remote", "s3://b") is None
    assert RemoteSource("s3://b/a").within("folder", "s3://b") is None
    assert not RemoteSource("s3://b").absorbs("folder", "s3://b/a")


def test_secrets_of_the_environment_are_nowhere_in_the_collection(
    bench: Bench, bucket: str
) -> None:
    bench.index(RemoteSource(f"s3://{bucket}/shop"))
    with sqlite3.connect(bench.collection.path / "catalog.sqlite") as database:
        text = "\n".join(database.iterdump())
    database.close()
    assert f"s3://{bucket}" in text
    assert "s3cr3t" not in text
    assert "AKIDEXAMPLE" not in text
