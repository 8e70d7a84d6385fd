"""Hits are records as they are now."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.types import Limits
from search.query.query import Query, Sort
from search.searcher import Searcher
from tests.support.changing_collection import (
    ENCODER,
    record,
)

pytestmark = pytest.mark.slow


def searcher_of(collection: Collection) -> Searcher:
    return Searcher(collection, lambda: ENCODER, limits=Limits())


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        opened.upsert([record(f"r{n}", n, n=n) for n in range(80)])
        yield opened


def test_removed_record_is_passed_over_and_a_changed_one_shown_as_it_is(
    collection: Collection,
) -> None:
    searcher, query = searcher_of(collection), Query((), sort=(Sort("n"),), limit=10)
    first = searcher.search(query)
    collection.remove([f"r{n}" for n in range(12, 17)])
    collection.upsert([record("r20", 999, n=20)])
    stored = collection.record("r20")
    second = searcher.search(replace(query, cursor=first.cursor))
    assert [hit.record.id for hit in second.hits] == [
        "r10", "r11", *(f"r{n}" for n in range(17, 25)),
    ]  # fmt: skip
    shown = next(hit for hit in second.hits if hit.record.id == "r20")
    assert dict(shown.record.metadata) == dict(stored.metadata)
    assert shown.part in stored.parts
