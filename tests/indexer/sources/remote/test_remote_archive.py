"""Archives in a bucket are gone through where they changed, and only there."""

import io
import tarfile
import zipfile

import pytest

from indexer.sources import registry
from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.stores.object_store import ObjectStore
from indexer.sources.table import ColumnRoles
from tests.support import Bench
from tests.support.buckets import Buckets
from tests.support.stored_pictures import counts, picture_of, texts_of


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses of which parts were read."""
    asked, read_range = list[str](), ObjectStore.read_range

    def noted(self: ObjectStore, address: str, start: int, stop: int) -> bytes:
        asked.append(address)
        return read_range(self, address, start, stop)

    monkeypatch.setattr(ObjectStore, "read_range", noted)
    return asked


def packed(hat: str) -> bytes:
    members = {
        "7.jpg": picture_of(7), "7.txt": hat.encode(), "8.jpg": picture_of(8), "x.pdf": b"x",
    }  # fmt: skip
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_archives_of_a_bucket_are_read_where_they_changed(
    bench: Bench, store: Buckets, bucket: str, ranges: list[str]
) -> None:
    address = f"s3://{bucket}/shop"
    store.put(bucket, "shop/00.tar", packed("a hat"))
    store.put(bucket, "shop/01.tar", b"damaged")
    assert counts(bench, RemoteSource(address)) == (8, 0, 0, 0, 3)
    assert texts_of(bench, "shop/00.tar/7.jpg") == ["a hat"]
    assert "is damaged" in bench.skipped()["01.tar"]
    uri = bench.collection.record("shop/00.tar/7.jpg").uri
    assert uri == f"{address}/00.tar!/7.jpg"
    assert RemoteSource(address).open(uri) == picture_of(7)
    del ranges[:]
    alone = registry.open_source(f"{address}/00.tar", ColumnRoles())
    assert counts(bench, alone) == (0, 0, 2, 0, 1)
    assert counts(bench, RemoteSource(address)) == (0, 0, 8, 0, 3)
    assert set(ranges) == {f"{address}/01.tar"}
    store.put(bucket, "shop/00.tar", packed("a cap"))
    store.put(bucket, "shop/01.tar", packed("a hat"))
    assert counts(bench, RemoteSource(address)) == (2, 2, 6, 0, 3)
    assert texts_of(bench, "shop/00.tar/7.jpg") == ["a cap"]
    store.remove(bucket, "shop/01.tar")
    assert counts(bench, RemoteSource(address)) == (0, 0, 8, 2, 2)
    assert bench.rows("select uri, kind from sources") == [(address, "remote")]


def test_an_archive_is_gone_through_again_after_a_run_that_did_not_end(
    bench: Bench, store: Buckets, bucket: str, ranges: list[str]
) -> None:
    address = f"s3://{bucket}/00.tar"
    store.put(bucket, "00.tar", packed("a hat"))

    def run(*left_out: str) -> tuple[int, ...]:
        del ranges[:]
        return counts(bench, registry.open_source(address, ColumnRoles(), exclude=left_out))

    assert run() == (2, 0, 0, 0, 1)
    assert (run(), ranges) == ((0, 0, 2, 0, 1), [])
    with bench.collection.writing() as session:
        session.sources.remove_items(1, ["7.jpg"])  # as where it had not come to it
    assert run()[2] == 1
    assert ranges
    with bench.collection.writing() as session:
        session.sources.remove_items(1, ["x.pdf"])  # the last of them
    assert run()[4] == 1
    assert ranges
    assert run("*.pdf") == (0, 1, 1, 0, 0)
    assert ranges, "another choice of members"


@pytest.mark.parametrize("name", ["00.tar", "00.zip"])
def test_a_damaged_archive_is_gone_through_each_time(
    bench: Bench, store: Buckets, bucket: str, ranges: list[str], name: str
) -> None:
    file = io.BytesIO(packed("a hat"))
    if name.endswith(".zip"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("7.jpg", picture_of(7))
            archive.writestr("8.jpg", picture_of(8))
    whole = picture_of(7) + picture_of(8)
    store.put(bucket, name, file.getvalue()[: len(whole) - 100])
    for counted in ((1, 0, 0, 0), (0, 0, 1, 0)):
        del ranges[:]
        alone = registry.open_source(f"s3://{bucket}/{name}", ColumnRoles())
        assert counts(bench, alone)[:4] == counted
        assert ranges
        assert any("is damaged" in one for one in bench.skipped().values())


def test_an_archive_that_was_known_becomes_a_part_of_its_bucket(
    bench: Bench, store: Buckets, bucket: str
) -> None:
    store.put(bucket, "shop/00.tar", packed("a hat"))
    bench.index(registry.open_source(f"s3://{bucket}/shop/00.tar", ColumnRoles()))
    bench.index(RemoteSource(f"s3://{bucket}/shop"))
    assert bench.rows("select uri, kind from sources") == [(f"s3://{bucket}/shop", "remote")]
    assert len(bench.ids()) == 8
