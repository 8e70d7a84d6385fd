"""Captions and tables beside pictures in a bucket are read with those that changed."""

import pytest

from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.stores.object_store import ObjectStore
from tests.support import Bench
from tests.support.buckets import Buckets
from tests.support.stored_pictures import Reads, counts, texts_of


def test_what_stands_beside_pictures_is_read_with_those_that_changed(
    bench: Bench, store: Buckets, bucket: str, reads: Reads
) -> None:
    for name, data in {
        "bags/1.txt": b"a red bag", "bags/3.json": b'{"price": 5}', "shoes/0.json": b"{",
        "metadata.csv": b"file_name,maker\nbags/1.jpg,Smith\nnone.jpg,x\n",
    }.items():  # fmt: skip
        store.put(bucket, f"shop/{name}", data)
    address = f"s3://{bucket}/shop"
    assert counts(bench, RemoteSource(address)) == (6, 0, 0, 0, 2)
    assert texts_of(bench, "shop/bags/1.jpg") == ["a red bag"]
    assert bench.collection.record("shop/bags/1.jpg").metadata["maker"] == "Smith"
    assert bench.collection.record("shop/bags/3.jpg").metadata["price"] == 5
    assert "no JSON" in bench.skipped()["shoes/0.json"]
    del reads.addresses[:]
    assert counts(bench, RemoteSource(f"{address}/shoes")) == (0, 0, 3, 0, 1)
    assert reads.addresses == []
    store.put(bucket, "shop/shoes/2.txt", b"shoes")
    assert counts(bench, RemoteSource(f"{address}/shoes")) == (0, 1, 2, 0, 1)
    assert sorted(reads.addresses) == [f"{address}/shoes/2.jpg", f"{address}/shoes/2.txt"]
    assert "no JSON" in bench.skipped()["shoes/0.json"]
    for part in ("bags/1.jpg", "bags", "shoes/2.jpg"):
        assert counts(bench, RemoteSource(f"{address}/{part}"))[1::2] == (0, 0)
    store.remove(bucket, "shop/bags/1.txt")
    assert counts(bench, RemoteSource(address)) == (0, 1, 5, 0, 2)
    assert texts_of(bench, "shop/bags/1.jpg") == []


def test_a_caption_that_cannot_be_read_just_now_is_read_the_next_time(
    bench: Bench, store: Buckets, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, read = f"s3://{bucket}/shop", ObjectStore.read
    store.put(bucket, "shop/bags/1.txt", b"a red bag")
    bench.index(RemoteSource(address))

    def partly(self: ObjectStore, address: str) -> bytes:
        if address.endswith(".txt"):
            raise OSError(5, "HTTP 503")
        return read(self, address)

    store.put(bucket, "shop/bags/1.txt", b"a blue bag")
    store.put(bucket, "shop/bags/3.txt", b"a green bag")
    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "read", partly)
        assert counts(bench, RemoteSource(address)) == (0, 0, 6, 0, 3)
    assert texts_of(bench, "shop/bags/1.jpg") == ["a red bag"]
    assert "HTTP 503" in bench.skipped()["bags/3.txt"]
    assert counts(bench, RemoteSource(address)) == (0, 2, 4, 0, 1)
    assert texts_of(bench, "shop/bags/1.jpg") == ["a blue bag"]


@pytest.mark.parametrize(
    ("way", "away", "part"),
    [
        ("read_range", "shop/metadata.csv", ""),
        ("read_range", "shop/metadata.csv", "/bags"),
        ("listed", "shop", "/bags"),
        ("listed", "shop/bags", "/bags/1.jpg"),
    ],
)
def test_what_cannot_be_asked_just_now_takes_nothing_from_records(
    bench: Bench,
    store: Buckets,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    away: str,
    part: str,
) -> None:
    address, asked = f"s3://{bucket}/shop", getattr(ObjectStore, way)
    store.put(bucket, "shop/metadata.csv", b"file_name,maker\nbags/1.jpg,Smith\n")
    store.put(bucket, "shop/bags/1.txt", b"a red bag")
    bench.index(RemoteSource(address))

    def partly(self: ObjectStore, address: str, *more: int) -> object:
        if address == f"s3://{bucket}/{away}":
            raise OSError(5, "HTTP 503")
        return asked(self, address, *more)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, way, partly)
        assert counts(bench, RemoteSource(f"{address}{part}"))[1] == 0
    assert bench.collection.record("shop/bags/1.jpg").metadata["maker"] == "Smith"
    assert texts_of(bench, "shop/bags/1.jpg") == ["a red bag"]


@pytest.mark.parametrize("part", ["", "/bags", "/bags/1.jpg"])
def test_what_is_left_out_is_not_read_beside_a_part_either(
    bench: Bench, store: Buckets, bucket: str, part: str
) -> None:
    address, left_out = f"s3://{bucket}/shop", ["metadata.csv", "*.txt"]
    store.put(bucket, "shop/metadata.csv", b"file_name,maker\nbags/1.jpg,Smith\n")
    store.put(bucket, "shop/bags/1.txt", b"a red bag")
    bench.index(RemoteSource(address, exclude=left_out))
    assert counts(bench, RemoteSource(f"{address}{part}", exclude=left_out))[1] == 0
    assert "maker" not in bench.collection.record("shop/bags/1.jpg").metadata
