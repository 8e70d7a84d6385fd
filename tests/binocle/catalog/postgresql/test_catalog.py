"""A catalogue in PostgreSQL beyond the contract: writers wait, formats, answers as SQLite's."""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from binocle.catalog import dialect
from binocle.catalog.postgresql.catalog import PostgresCatalog, drop_schema
from binocle.catalog.sqlite import SqliteCatalog
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import BusyError, StorageError
from binocle.metadata.filters import And, Comparison, Filter, Not
from binocle.types import Limits
from search.query.query import Query, Sort, Term
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.catalog_records import keys, put, record
from tests.support.changing_collection import record as changing_record
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
Opener = Callable[[Path], PostgresCatalog]
WORDS = ("blue", "red", "green", "kite", "boat", "r1", "blu", "blue red", "a green")
FILTERS: list[Filter | None] = [
    None,
    Comparison("color", "eq", "blue"),
    Comparison("color", "contains", "RE"),
    Comparison("n", "gte", 30),
    And((Comparison("n", "lt", 50), Not(Comparison("color", "eq", "red")))),
    Comparison("id", "prefix", "r1"),
]


def test_one_writes_at_a_time(postgres: Opener, tmp_path: Path) -> None:
    with closing(postgres(tmp_path)) as one, closing(postgres(tmp_path)) as other:
        with one.writing() as session:
            session.records.upsert([record("a")])
            with pytest.raises(BusyError, match=r"0\.5 s"):
                put(other, record("b"))
            with other.reading() as reader:
                assert keys(reader) == []
        put(other, record("c"))
        with one.reading() as reader:
            assert keys(reader) == ["a", "c"]
            assert reader.history.change() == 2


def test_writer_that_is_cut_off_leaves_nothing_and_blocks_nobody(
    postgres: Opener, tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as one, closing(postgres(tmp_path)) as other:

        def write() -> None:
            with one.writing() as session, other.reading() as killer:
                session.records.upsert([record("a")])
                process = dialect.run(session.connection, "SELECT pg_backend_pid()").scalar()
                dialect.run(killer.connection, "SELECT pg_terminate_backend(?)", process)
                session.records.upsert([record("b")])

        with pytest.raises(StorageError, match="cannot be reached"):
            write()
        put(other, record("c"))
        put(one, record("d"))
        with one.reading() as reader:
            assert keys(reader) == ["c", "d"]
            assert reader.history.change() == 2


def test_newer_format_is_refused(postgres: Opener, tmp_path: Path) -> None:
    with closing(postgres(tmp_path)) as catalog, catalog.writing() as session:
        session.meta.put("format", 99)
    with pytest.raises(StorageError, match="newer Binocle"):
        postgres(tmp_path)


def test_dropped_schema_leaves_nothing(server: PostgresServer) -> None:
    address = sa.make_url(server.address)
    with closing(PostgresCatalog(address, "dropped")) as catalog:
        put(catalog, record("a"))
    drop_schema(address, "dropped")
    drop_schema(address, "dropped")
    with closing(PostgresCatalog(address, "dropped")) as catalog, catalog.reading() as session:
        assert keys(session) == []


def test_two_hundred_questions_have_the_hits_of_sqlite(postgres: Opener, tmp_path: Path) -> None:
    records = [changing_record(f"r{n}", n, n=n) for n in range(80)]
    chance = random.Random(19)
    queries = [
        Query(
            (Term(text=chance.choice(WORDS)),),
            where=chance.choice(FILTERS),
            limit=chance.choice((5, 20, 100)),
            mode=chance.choice(("semantic", "keyword", "hybrid")),
            sort=chance.choice(((), (), (Sort("n", descending=True),))),
        )
        for _ in range(200)
    ]
    encoder = ColourEncoder()
    answers: list[list[Answer]] = []
    for name, opener in (("sqlite", SqliteCatalog), ("postgresql", postgres)):
        folder = tmp_path / name
        with Collection(folder, create=True, open_catalog=opener) as collection:
            collection.claim_space(encoder.space)
            collection.upsert(records[:60])
            collection.remove([f"r{n}" for n in range(0, 60, 7)])
            collection.upsert(records[50:])
            searcher = Searcher(collection, lambda: encoder, limits=Limits())
            answers.append([searcher.search(query) for query in queries])
    found, expected = answers[1], answers[0]
    assert sum(len(one.hits) for one in expected) > 1000
    for query, one, other in zip(queries, found, expected, strict=True):
        assert [hit.record.id for hit in one.hits] == [hit.record.id for hit in other.hits], query
        assert [hit.score for hit in one.hits] == [hit.score for hit in other.hits], query
