"""Refining an earlier query by the name its answer gave."""

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.catalog.query_file import QUERY_FILE, SqliteQueryStore
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import SavedQueryError
from binocle.metadata.filters import And, Comparison, Not, Or
from binocle.types import Limits
from search.query.continuations import Continuations
from search.query.query import Facet, Group, Query, Region, Sort, Term, Weights
from search.query.turns import Refinement
from search.searcher import Searcher
from tests.support.changing_collection import record

ENCODER = ColourEncoder()


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Continuations]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(folder: Path, **limits: Any) -> Iterator[Continuations]:
    with closing(SqliteQueryStore(folder)) as store:
        yield Continuations(folder, store, **limits)


def keep(turns: Continuations, query: Query) -> str:
    name = turns.keep([query])[0]
    assert name is not None
    return name


FULL = Query(
    (
        Term(text="red shoes", embedded=np.arange(4, dtype=np.float32)),
        Term(vector=np.ones(4, np.float32), weight=-0.5, source="image"),
        Term(record="r1", embedded=np.ones(4, np.float32), region=Region(0, 0, 0.5, 1)),
    ),
    "any",
    And((Comparison("n", "in", (1, "x")), Or((Not(Comparison("m", "exists", True)),)))),
    limit=33,
    exact=True,
    mode="hybrid",
    weights=Weights(image=0.5),
    sort=(Sort("price", descending=True),),
    facets=(Facet("color", limit=3), Facet("price", "numbers", bins=4)),
    group=Group("style", 3),
    diversity=0.25,
    collapse=True,
    min_relevance="auto",
)


def test_kept_query_comes_back_as_it_was(turns: Continuations, tmp_path: Path) -> None:
    name = keep(turns, FULL)
    with opened(tmp_path) as other:  # as after a restart, or in another process
        for place in (turns, other):
            found = place.get(name)
            assert replace(found, terms=()) == replace(FULL, terms=())
            for one, kept in zip(found.terms, FULL.terms, strict=True):
                for field in ("text", "record", "weight", "region", "source"):
                    assert getattr(one, field) == getattr(kept, field)
                for field in ("vector", "embedded"):
                    np.testing.assert_equal(getattr(one, field), getattr(kept, field))
    assert (tmp_path / QUERY_FILE).stat().st_mode & 0o777 == 0o600


def test_turn_of_another_collection_or_a_damaged_one_is_refused(
    turns: Continuations, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with opened(folder) as other:
        name = keep(other, FULL)
    for wrong in (name, "x", name[:-1], "é", keep(turns, FULL) + "A"):
        with pytest.raises(SavedQueryError, match="of another collection"):
            turns.get(wrong)


def test_only_the_newest_turns_are_kept_and_only_for_a_time(tmp_path: Path) -> None:
    with opened(tmp_path, max_turns=50) as turns:
        names = [keep(turns, Query((Term(text=f"t{n}"),))) for n in range(301)]
        assert turns.get(names[-1]).terms[0].text == "t300"
        with pytest.raises(SavedQueryError, match="has expired"):
            turns.get(names[0])
    with sqlite3.connect(tmp_path / QUERY_FILE) as database:
        assert database.execute("select count(*) from turns").fetchone()[0] <= 150
        database.execute("update turns set at = at - 100")
    database.close()
    with (
        opened(tmp_path, max_age_s=60) as aged,
        pytest.raises(SavedQueryError, match="has expired"),
    ):
        aged.get(names[-1])


def test_turn_that_cannot_be_kept_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / QUERY_FILE).mkdir()
    with opened(tmp_path) as turns, caplog.at_level(logging.WARNING):
        assert turns.keep([FULL, FULL]) == [None, None]
    assert "cannot keep queries" in caplog.text


def test_another_process_does_not_take_the_file_from_under_two_of_this_one(
    turns: Continuations, tmp_path: Path
) -> None:
    first = keep(turns, FULL)
    command = (
        "import sqlite3, sys; from contextlib import closing\n"
        "with closing(sqlite3.connect(sys.argv[1])) as it: it.execute('select * from turns')"
    )
    with opened(tmp_path) as beside:
        second = keep(beside, FULL)
        subprocess.run([sys.executable, "-c", command, tmp_path / QUERY_FILE], check=True)
        assert (tmp_path / f"{QUERY_FILE}-wal").exists()  # whoever closes last removes it
        third = keep(turns, FULL)
    for name in (first, second, third):
        assert turns.get(name).limit == FULL.limit


def test_dialogue_narrows_over_turns_and_survives_a_restart(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(ENCODER.space)
        collection.upsert([record(f"r{n}", n, n=n) for n in range(80)])

        def searcher() -> Searcher:
            return Searcher(collection, lambda: ENCODER, limits=Limits())

        first = searcher().search(Query((Term(text="red"),), "image", limit=5, mode="semantic"))
        assert first.turn is not None
        second = searcher().search(
            Query((Term(record="r3", weight=0.5),), refine=Refinement(first.turn))
        )
        assert second.turn is not None
        third = searcher().search(
            Query((), where=Comparison("n", "gte", 40), refine=Refinement(second.turn))
        )
        direct = searcher().search(
            Query(
                (Term(text="red"), Term(record="r3", weight=0.5)),
                "image",
                Comparison("n", "gte", 40),
                limit=5,
                mode="semantic",
            )
        )
        assert [hit.record.id for hit in third.hits] == [hit.record.id for hit in direct.hits]
        assert "r3" not in [hit.record.id for hit in second.hits]
        collection.remove(["r3"])  # what it looked like is kept with the turn
        again = searcher().search(Query((), refine=Refinement(second.turn), limit=9))
        assert len(again.hits) == 9
        pages = searcher().search(Query((), refine=Refinement(second.turn), limit=4, cursor=None))
        more = searcher().search(
            Query((), refine=Refinement(second.turn), limit=4, cursor=pages.cursor)
        )
        shown = [hit.record.id for hit in (*pages.hits, *more.hits)]
        assert shown == [hit.record.id for hit in again.hits][:8]
