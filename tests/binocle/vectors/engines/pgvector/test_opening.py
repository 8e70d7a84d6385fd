"""Collections whose vectors are in PostgreSQL, from the address to the answer."""

import random
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import pytest

from binocle.catalog.location import POSTGRESQL_FILE
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.metadata.filters import And, Comparison, Filter, Not
from binocle.types import Limits
from binocle.vectors.location import ENGINE_FILE, discard_vectors, read_location
from search.query.query import Query, Sort, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.changing_collection import WORDS, fill_engine, record, write_without_server
from tests.support.pgvector_store import pgvector_opener, plain_address
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
ENCODER = ColourEncoder()
FILTERS: list[Filter | None] = [
    None,
    Comparison("color", "eq", "blue"),
    Comparison("color", "contains", "RE"),
    Comparison("n", "gte", 300),
    And((Comparison("n", "lt", 500), Not(Comparison("color", "eq", "red")))),
    Comparison("id", "prefix", "r1"),
]


def questions() -> list[Query]:
    chance = random.Random(19)
    return [
        Query(
            (Term(text=" and ".join(chance.sample(WORDS, 2))),),
            chance.choice(("image", "text", "any")),
            chance.choice(FILTERS),
            limit=chance.choice((5, 20, 100)),
            mode=chance.choice(("semantic", "hybrid")),
            sort=chance.choice(((), (), (Sort("n", descending=True),))),
        )
        for _ in range(200)
    ]


fill = partial(fill_engine, count=1000, pushed=800, changed=50)


def searcher_of(collection: Collection) -> Searcher:
    return Searcher(collection, lambda: ENCODER, limits=Limits())


@pytest.mark.long
def test_two_hundred_questions_have_the_hits_of_sqlite_and_faiss(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    answers: list[list[Answer]] = []
    for name, place in (("files", None), ("servers", vector_server.address)):
        folder = tmp_path / name
        with Collection(folder, create=True, new_catalog=place, new_vectors=place) as collection:
            fill(collection)
            searcher = searcher_of(collection)
            answers.append([searcher.search(query) for query in questions()])
            is_in_servers = [(folder / one).is_file() for one in (ENGINE_FILE, POSTGRESQL_FILE)]
            assert is_in_servers == [place is not None] * 2
    expected, found = answers
    assert sum(len(one.hits) for one in expected) > 1000
    for query, one, other in zip(questions(), found, expected, strict=True):
        assert [hit.record.id for hit in one.hits] == [hit.record.id for hit in other.hits], query
        assert [hit.score for hit in one.hits] == [hit.score for hit in other.hits], query
        assert one.exact == other.exact


def test_two_hundred_questions_of_the_index_recall_nearly_all(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    open_store = pgvector_opener(vector_server, scan_limit=0)
    with Collection(tmp_path / "c", create=True, open_store=open_store) as collection:
        fill(collection)
        snapshot = collection.snapshot()
        shares, approximate = [], 0
        for query in questions():
            row = ENCODER.encode_texts([query.terms[0].text or ""])
            ask = partial(snapshot.nearest, "image", row, 10, where=query.where)
            (found,), (right,) = ask(), ask(exact=True)
            assert len(found.part_ids) == len(right.part_ids) == 10
            shares.append(np.isin(found.part_ids, right.part_ids).mean())
            approximate += not found.exact
    assert approximate > 100
    assert np.mean(shares) >= 0.98


def test_indexing_goes_on_while_the_server_is_away_and_nothing_is_lost(
    vector_server: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(tmp_path / "c", create=True, new_vectors=vector_server.address) as collection:
        fill(collection)
        collection.save_indices()
    vector_server.stop()
    try:
        write_without_server(
            tmp_path / "c", caplog, lambda one: searcher_of(one).search(Query((Term(text="red"),)))
        )
    finally:
        vector_server.start()
    with Collection(tmp_path / "c") as collection:
        found = searcher_of(collection).search(Query((Term(text="red"),), limit=1000))
        names = [hit.record.id for hit in found.hits]
        assert len(names) == len(set(names)) == 1000 - len(range(0, 750, 7)) + 1
        assert "late" in names
        collection.save_indices()
        assert collection.snapshot().vectors("image").description == "exact (pgvector)"


def test_vectors_of_another_history_of_the_catalogue_are_made_anew(
    vector_server: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Collection(tmp_path / "c", create=True, new_vectors=vector_server.address) as collection:
        fill(collection)
        collection.save_indices()
    for path in (tmp_path / "c").glob("*"):
        if path.name != ENGINE_FILE:
            path.unlink()
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(ENCODER.space)
        collection.upsert([record(f"other {n}", n, n=n) for n in range(20)])
        found = searcher_of(collection).search(Query((Term(text="red"),), limit=100))
        assert "another history" in caplog.text
        assert sorted(hit.record.id for hit in found.hits) == sorted(
            f"other {n}" for n in range(20)
        )
        collection.save_indices()
    with Collection(tmp_path / "c") as collection:
        assert collection.snapshot().vectors("image").count() == 20


def test_what_a_collection_has_in_the_database_goes_with_it(
    vector_server: PostgresServer, tmp_path: Path
) -> None:
    with Collection(tmp_path / "c", create=True, new_vectors=vector_server.address) as collection:
        fill(collection)
        collection.save_indices()
    name = read_location(tmp_path / "c").name
    query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = %s"
    with psycopg.connect(plain_address(vector_server)) as connection:
        assert (connection.execute(query, (name,)).fetchone() or (0,))[0] == 5
        discard_vectors(tmp_path / "c")
        discard_vectors(tmp_path / "c")
        assert (connection.execute(query, (name,)).fetchone() or (0,))[0] == 0
