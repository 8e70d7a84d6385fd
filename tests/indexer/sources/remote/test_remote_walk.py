"""Walks leave out what folders' walks do, and go on where a folder cannot be listed."""

import pytest

from indexer.sources.remote.remote_source import RemoteSource
from indexer.sources.stores.object_store import ObjectStore
from tests.support import Bench
from tests.support.buckets import Buckets
from tests.support.stored_pictures import counts, picture_of


def test_patterns_and_hidden_names_are_left_out(bench: Bench, store: Buckets, bucket: str) -> None:
    store.put(bucket, "shop/.hidden/a.jpg", picture_of(30))
    source = RemoteSource(f"s3://{bucket}/shop", exclude=["shoes/", "*.txt"])
    assert counts(bench, source) == (3, 0, 0, 0, 0)


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
