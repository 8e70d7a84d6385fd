"""A bucket with pictures, and what is read of it."""

import pytest

from indexer.sources.stores.object_store import ObjectStore
from tests.support.buckets import Buckets
from tests.support.stored_pictures import Reads, picture_of


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads, read = Reads(), ObjectStore.read

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
