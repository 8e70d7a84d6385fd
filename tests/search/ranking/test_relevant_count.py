"""How many records are relevant, and by how much that may be off."""

from collections.abc import Iterator

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.types import Limits
from experiments.speed.indices.cross_modal import CrossModal, TopicEncoder
from experiments.speed.indices.large_collection import records
from search.query.query import Mode, Query, Term
from search.ranking.fusion import Ranked, unfused
from search.ranking.relevant_count import error_of, estimated
from search.searcher import Searcher


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    vectors = CrossModal(64)
    encoder = TopicEncoder(vectors)
    with Collection(tmp_path_factory.mktemp("many") / "c", create=True) as collection:
        collection.claim_space(encoder.space)
        collection.upsert(records(vectors, 0))
        yield Searcher(collection, lambda: encoder, limits=Limits())


def counted(searcher: Searcher, mode: Mode) -> tuple[int | None, int]:
    found = searcher.search(Query((Term(text="topic 1"),), "image", mode=mode))
    return found.relevant, found.relevant_error


def test_vectors_are_counted_and_words_are_sampled_in_large_collections(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_vectors, by_both = counted(searcher, "semantic"), counted(searcher, "hybrid")
    assert by_vectors[1] == by_both[1] == 0
    monkeypatch.setattr("search.ranking.relevant_count.COUNTED_UP_TO", 100)
    monkeypatch.setattr("search.ranking.relevant_count._SAMPLE", 1000)
    assert counted(searcher, "semantic") == by_vectors
    assert counted(searcher, "hybrid")[1] > 0


def test_what_is_left_out_of_a_relevant_set_is_told() -> None:
    nothing = unfused(np.empty(0, np.int64))
    errors = [error_of(Ranked(fused=nothing, left_out=left)) for left in (0, 0.1, 1, 100)]
    assert errors[0] == 0
    assert errors == sorted(set(errors))
    assert 300 < errors[-1] < 350


def test_estimate_of_a_sample_covers_what_it_may_have_missed() -> None:
    assert estimated(0, 10_000, 0.1).error == 30
    assert estimated(25, 10_000, 0.1).count == 250
