"""Collections whose vectors are in Milvus, from the address to the answer."""

from pathlib import Path

import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UnreachableError
from binocle.metadata.filters import Comparison, Filter
from binocle.types import Limits
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer
from binocle.vectors.location import discard_vectors, read_location
from experiments.engines.local_milvus import Milvus, wait_until_it_answers
from search.query.query import Query, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.changing_collection import WORDS, record

pytestmark = pytest.mark.slow
ENCODER = ColourEncoder()
FILTERS: list[Filter | None] = [
    None,
    Comparison("color", "eq", "blue"),
    Comparison("n", "gte", 30),
    Comparison("id", "prefix", "r1"),
]
QUESTIONS = [
    Query((Term(text=f"{one} and {WORDS[-1]}"),), "any", FILTERS[place % 4], mode="semantic")
    for place, one in enumerate(WORDS)
]


def fill(collection: Collection) -> None:
    """Write, push, and write what is not pushed."""
    records = [record(f"r{n}", n, n=n) for n in range(300)]
    collection.claim_space(ENCODER.space)
    collection.upsert(records[:200])
    collection.save_indices()
    collection.remove([f"r{n}" for n in range(0, 200, 7)])
    collection.upsert(records[180:])


def answers(collection: Collection) -> list[Answer]:
    searcher = Searcher(collection, lambda: ENCODER, limits=Limits())
    return [searcher.search(query) for query in QUESTIONS]


def test_collection_in_milvus_has_the_hits_of_one_in_files_and_leaves_nothing(
    old_milvus: Milvus, tmp_path: Path
) -> None:
    found: list[list[Answer]] = []
    for name, place in (("files", None), ("engine", old_milvus.address)):
        with Collection(tmp_path / name, create=True, new_vectors=place) as collection:
            fill(collection)
            found.append(answers(collection))
            collection.save_indices()
            found.append(answers(collection))
    for other in found[1:]:
        for query, one, right in zip(QUESTIONS, other, found[0], strict=True):
            assert [(hit.record.id, hit.score) for hit in one.hits] == [
                (hit.record.id, hit.score) for hit in right.hits
            ], query
    server = MilvusServer(MilvusAddress.of(old_milvus.address), "the vectors")
    name = read_location(tmp_path / "engine").name
    discard_vectors(tmp_path / "engine")
    there = server.run(lambda client: client.list_collections())
    assert not [one for one in there if one.startswith(name)]


def test_indexing_goes_on_while_the_server_is_away_and_nothing_is_lost(
    lite_milvus: Milvus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(tmp_path / "c", create=True, new_vectors=lite_milvus.address) as collection:
        fill(collection)
        collection.save_indices()
    lite_milvus.kill()
    try:
        with Collection(tmp_path / "c") as collection:
            collection.upsert([record("late", 1, n=1)])
            collection.save_indices()
            assert "pushed later" in caplog.text
            with pytest.raises(UnreachableError, match="see whether the server runs"):
                answers(collection)
    finally:
        lite_milvus.start()
    wait_until_it_answers(lite_milvus)
    with Collection(tmp_path / "c") as collection:
        ids = collection.snapshot().vectors("image").ids()
        assert len(ids) == len(set(ids.tolist())) == 300 - len(range(0, 180, 7)) + 1
        answers(collection)
