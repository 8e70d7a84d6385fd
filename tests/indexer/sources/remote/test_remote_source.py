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
from tests.support import Bench, picture_bytes
from tests.support.buckets import Buckets, forget_stores, listing


class _Reads:
    """What was read of a store: the addresses, and how many at once at most."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._now -= 1


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> _Reads:
    reads, read = _Reads(), ObjectStore.read

    def counted(self: ObjectStore, address: str) -> bytes:
        with reads:
            reads.addresses.append(address)
            return read(self, address)

    monkeypatch.setattr(ObjectStore, "read", counted)
    return reads


@pytest.fixture
def bucket(store: Buckets) -> str:
    name = store.make()
    for number in range(6):
        store.put(
            name, f"shop/{'bags' if number % 2 else 'shoes'}/{number}.jpg", picture_of(number)
        )
    store.put(name, "shop/notes.txt", b"x")
    store.put(name, "shopping/other.jpg", picture_of(9))
    return name


def picture_of(number: int) -> bytes:
    return picture_bytes(number)


def counts(bench: Bench, source: RemoteSource) -> tuple[int, ...]:
    tally = bench.index(source).tally
    return tally.added, tally.updated, tally.unchanged, tally.removed, tally.skipped


def test_only_what_changed_is_read_again(
    bench: Bench, store: Buckets, bucket: str, reads: _Reads
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


def test_patterns_and_hidden_names_are_left_out(bench: Bench, store: Buckets, bucket: str) -> None:
    store.put(bucket, "shop/.hidden/a.jpg", picture_of(30))
    source = RemoteSource(f"s3://{bucket}/shop", exclude=["shoes/", "*.txt"])
    assert counts(bench, source) == (3, 0, 0, 0, 0)


def test_objects_are_read_several_at_a_time(
    bench: Bench, store: Buckets, bucket: str, reads: _Reads, monkeypatch: pytest.MonkeyPatch
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


def test_a_folder_that_cannot_be_listed_keeps_its_records(
    bench: Bench, store: Buckets, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.index(RemoteSource(f"s3://{bucket}/shop"))
    listed = ObjectStore.listed

    def partly(self: ObjectStore, address: str) -> object:
        if address.endswith("bags"):
            raise PermissionError(13, "access is denied")
        return listed(self, address)

    monkeypatch.setattr(ObjectStore, "listed", partly)
    assert counts(bench, RemoteSource(f"s3://{bucket}/shop")) == (0, 0, 3, 0, 2)
    assert len(bench.ids()) == 6
    assert bench.skipped()["bags/"] == "the folder cannot be read (access is denied)"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "sub folder").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "sub folder/ä.jpg")):
        (folder / name).write_bytes(picture_of(number))
    return folder


def test_a_listing_on_the_web_is_indexed_by_what_heads_tell(
    bench: Bench, pages: Path, reads: _Reads
) -> None:
    with listing(pages) as web:
        assert counts(bench, RemoteSource(web.url)) == (2, 0, 0, 0, 0)
        assert counts(bench, RemoteSource(web.url)) == (0, 0, 2, 0, 0)
        assert len(reads.addresses) == 2
        assert counts(bench, RemoteSource(f"{web.url}/a.jpg")) == (0, 0, 1, 0, 0)
    told = [json.loads(row[0]) for row in bench.rows("select metadata from records order by key")]
    assert [(one["folder"], one["filename"]) for one in told] == [
        (".", "a.jpg"), ("sub folder", "ä.jpg"),
    ]  # fmt: skip


def test_who_only_lists_has_nothing_read(bucket: str, reads: _Reads) -> None:
    assert len(list(RemoteSource(f"s3://{bucket}/shop").scan("n"))) == 7
    assert reads.addresses == []


def test_an_abandoned_scan_ends_its_reads(bucket: str, reads: _Reads) -> None:
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
