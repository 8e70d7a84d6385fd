"""Refining an earlier query by the name its answer gave."""

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import QueryError, SavedQueryError
from binocle.metadata.filters import And, Comparison, Not, Or, both, comparisons_in
from binocle.types import Limits
from search.query.filter_language import parse_where
from search.query.query import Facet, Group, Query, Refinement, Region, Sort, Term, Weights
from search.query.saved_queries import TURNS_FILE, SavedQueries, refined
from search.query.signing import Signer
from search.searcher import Searcher
from tests.search.ranking.test_result_list import record

ENCODER = ColourEncoder()


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[SavedQueries]:
    made = SavedQueries(tmp_path, Signer(tmp_path))
    yield made
    made.close()


def keep(turns: SavedQueries, query: Query) -> str:
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


def test_kept_query_comes_back_as_it_was(turns: SavedQueries, tmp_path: Path) -> None:
    name = keep(turns, FULL)
    other = SavedQueries(tmp_path, Signer(tmp_path))  # as after a restart, or in another process
    for place in (turns, other):
        found = place.get(name)
        assert replace(found, terms=()) == replace(FULL, terms=())
        for one, kept in zip(found.terms, FULL.terms, strict=True):
            for field in ("text", "record", "weight", "region", "source"):
                assert getattr(one, field) == getattr(kept, field)
            for field in ("vector", "embedded"):
                np.testing.assert_equal(getattr(one, field), getattr(kept, field))
    other.close()
    assert (tmp_path / TURNS_FILE).stat().st_mode & 0o777 == 0o600


def test_turn_of_another_collection_or_a_damaged_one_is_refused(
    turns: SavedQueries, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = SavedQueries(folder, Signer(folder))
    name = keep(other, FULL)
    other.close()
    for wrong in (name, "x", name[:-1], "é", keep(turns, FULL) + "A"):
        with pytest.raises(SavedQueryError, match="of another collection"):
            turns.get(wrong)


def test_only_the_newest_turns_are_kept_and_only_for_a_time(tmp_path: Path) -> None:
    turns = SavedQueries(tmp_path, Signer(tmp_path), max_turns=50)
    names = [keep(turns, Query((Term(text=f"t{n}"),))) for n in range(301)]
    assert turns.get(names[-1]).terms[0].text == "t300"
    with pytest.raises(SavedQueryError, match="has expired"):
        turns.get(names[0])
    turns.close()
    with sqlite3.connect(tmp_path / TURNS_FILE) as database:
        assert database.execute("select count(*) from turns").fetchone()[0] <= 150
        database.execute("update turns set at = at - 100")
    database.close()
    aged = SavedQueries(tmp_path, Signer(tmp_path), max_age_s=60)
    with pytest.raises(SavedQueryError, match="has expired"):
        aged.get(names[-1])
    aged.close()


def test_turn_that_cannot_be_kept_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turns = SavedQueries(tmp_path, Signer(tmp_path))
    (tmp_path / TURNS_FILE).mkdir()
    with caplog.at_level(logging.WARNING):
        assert turns.keep([FULL, FULL]) == [None, None]
    assert "cannot keep queries" in caplog.text


def test_another_process_does_not_take_the_file_from_under_two_of_this_one(
    turns: SavedQueries, tmp_path: Path
) -> None:
    first = keep(turns, FULL)
    auxiliary = SavedQueries(tmp_path, Signer(tmp_path))
    second = keep(auxiliary, FULL)
    command = (
        "import sqlite3, sys; from contextlib import closing\n"
        "with closing(sqlite3.connect(sys.argv[1])) as it: it.execute('select * from turns')"
    )
    subprocess.run([sys.executable, "-c", command, tmp_path / TURNS_FILE], check=True)
    assert (tmp_path / f"{TURNS_FILE}-wal").exists()  # whoever closes last removes it
    third = keep(turns, FULL)
    auxiliary.close()
    for name in (first, second, third):
        assert turns.get(name).limit == FULL.limit


def texts(query: Query) -> list[tuple[str | None, float]]:
    return [(term.text, term.weight) for term in query.terms]


EARLIER = Query(
    (Term(text="red shoes"), Term(text="Winter"), Term(record="r1", weight=2)),
    where=Comparison("n", "lt", 5),
    limit=20,
    sort=(Sort("price"),),
    diversity=0.5,
)


def test_refinement_adds_removes_replaces_and_swaps() -> None:
    more = (Term(text="at night"),)
    cases: list[tuple[Refinement, list[tuple[str | None, float]]]] = [
        (Refinement("t"), [("red shoes", 1), ("Winter", 1), (None, 2), ("at night", 1)]),
        (Refinement("t", remove=("winter", "r1")), [("red shoes", 1), ("at night", 1)]),
        (Refinement("t", replace=True), [("at night", 1)]),
        (
            Refinement("t", swap=(("RED", "blue"),)),
            [("blue shoes", 1), ("Winter", 1), (None, 2), ("at night", 1)],
        ),
        (
            Refinement("t", instead=(("hat", "cap"),), remove=("Winter",)),
            [("red shoes", 1), (None, 2), ("cap", 1), ("hat", -1), ("at night", 1)],
        ),
        (
            Refinement("t", instead=(("hoe", "x"),), remove=("Winter", "r1")),
            [("red shoes", 1), ("x", 1), ("hoe", -1), ("at night", 1)],
        ),
    ]
    for change, wanted in cases:
        assert texts(refined(Query(more, refine=change), EARLIER)) == wanted


@pytest.mark.parametrize(
    ("earlier", "said", "left"),
    [
        ("price < 50", ["price > 100"], "price > 100"),
        ("price < 50", ["price >= 50"], "price >= 50"),
        ("price < 50", ["price > 20"], "price < 50 and price > 20"),
        ("price < 50", ["price <= 80"], "price <= 80"),
        ("color = Red and price > 20", ["price < 10"], "color = Red and price < 10"),
        ("not price < 50", ["price < 20"], "not price < 50 and price < 20"),
        ("size < 50", ["price > 100"], "size < 50 and price > 100"),
        (
            "price > 10 and price < 50",
            ["price >= 20", "price <= 30"],
            "price >= 20 and price <= 30",
        ),
    ],
)
def test_later_bounds_take_the_place_of_earlier_ones(
    earlier: str, said: list[str], left: str
) -> None:
    bounds = [one for each in said for one in comparisons_in(parse_where(each))]
    where = And(tuple(bounds)) if len(bounds) > 1 else bounds[0]
    query = Query((), where=where, refine=Refinement("t", bounds=tuple(bounds)))
    found = refined(query, Query((Term(text="shoes"),), where=parse_where(earlier)))
    assert set(comparisons_in(found.where)) == set(comparisons_in(parse_where(left)))
    plain = refined(replace(query, refine=Refinement("t")), Query((), where=parse_where(earlier)))
    assert plain.where == both(parse_where(earlier), where)  # filters of programs all hold


def test_what_is_kept_away_from_is_not_looked_for_any_more() -> None:
    away = (Term(text="Winter", weight=-1.0), Term(text="shoes", weight=-1.0))
    found = refined(Query(away, refine=Refinement("t")), EARLIER)
    assert texts(found) == [("red", 1), (None, 2), ("Winter", -1), ("shoes", -1)]


def test_what_is_looked_for_again_is_not_kept_away_from_any_more() -> None:
    earlier = Query(
        (Term(text="shoes"), Term(text="Black", weight=-1.0), Term(text="red", weight=-1.0))
    )
    found = refined(Query((Term(text="black"),), refine=Refinement("t")), earlier)
    assert texts(found) == [("shoes", 1), ("red", -1), ("black", 1)]
    again = Query((Term(text="red", weight=-1.0),), refine=Refinement("t"))
    assert texts(refined(again, earlier)) == [("shoes", 1), ("Black", -1), ("red", -1)]


def test_misspelt_text_is_refined_by_the_words_it_was_read_as() -> None:
    typed = Term(text="a gril on a bycicle", corrected="a girl on a bicycle")
    earlier = Query((typed,))

    def left(**change: Any) -> list[tuple[str | None, float]]:
        more = change.pop("terms", ())
        return texts(refined(Query(more, refine=Refinement("t", **change)), earlier))

    assert left(remove=("bicycle",)) == [("a girl", 1)]
    assert left(remove=("bycicle",)) == [("a gril", 1)]
    dog = (Term(text="dog"),)
    assert left(remove=("a girl on a bicycle",), terms=dog) == [("dog", 1)]
    assert left(swap=(("girl", "boy"),)) == [("a boy on a bicycle", 1)]
    assert left(instead=(("girl", "boy"),)) == [("a boy on a bicycle", 1)]
    away = (Term(text="bicycle", weight=-1.0),)
    assert left(terms=away) == [("a girl", 1), ("bicycle", -1)]


@pytest.mark.parametrize(
    ("earlier", "remove", "left"),
    [
        (("red shoes",), ("shoes",), ("red",)),
        (("red shoes",), ("the shoes", "red"), ()),
        (("Red Shoes", "shoes"), ("SHOES",), ("Red Shoes",)),  # a term of that name goes first
        (("red shoes", "black shoes", "hat"), ("shoes",), ("red", "black", "hat")),
        (("dog", "on the beach"), ("beach",), ("dog",)),
        (("a dog on the beach at night",), ("the beach",), ("a dog at night",)),
        (("red shoes on the beach",), ("shoes at a beach",), ("red",)),
        (("a man in a red hat",), ("red",), ("a man in a hat",)),
        (("black and white shoes",), ("black",), ("white shoes",)),
        (("black and white shoes",), ("white",), ("black shoes",)),
        (("red, blue, green",), ("green",), ("red, blue",)),
        (("Ärmel aus Wolle",), ("a\u0308rmel",), ("aus Wolle",)),
        (("红色鞋子",), ("鞋子",), ("红色",)),
    ],
)
def test_words_within_a_text_are_removed(
    earlier: tuple[str, ...], remove: tuple[str, ...], left: tuple[str, ...]
) -> None:
    terms = (Term(record="r1"), *(Term(text=text, weight=-0.5) for text in earlier))
    found = refined(Query((), refine=Refinement("t", remove=remove)), Query(terms))
    assert texts(found) == [(None, 1), *((text, -0.5) for text in left)]


@pytest.mark.parametrize("words", ["shoe", "shoes red", "the", "t", "shirt", "boots"])
def test_only_whole_words_in_their_order_are_removed(words: str) -> None:
    earlier = Query((Term(text="red shoes"), Term(text="the t-shirt")))
    with pytest.raises(QueryError, match=r"no term .* to remove; it has 'red shoes', 'the t-shirt"):
        refined(Query((), refine=Refinement("t", remove=(words,))), earlier)


def test_text_that_lost_words_is_embedded_anew() -> None:
    earlier = Query((Term(text="red shoes", embedded=np.ones(4, np.float32)),))
    for change in (Refinement("t", remove=("red",)), Refinement("t", swap=(("red", "blue"),))):
        assert refined(Query((), refine=change), earlier).terms[0].embedded is None


def test_swapping_what_is_not_there_names_what_is() -> None:
    earlier = Query((Term(text="red shoes"), Term(record="r1")))
    with pytest.raises(QueryError, match="no text with 'green' to swap; it has 'red shoes', 'r1'"):
        refined(Query((), refine=Refinement("t", swap=(("green", "blue"),))), earlier)


def test_what_is_said_of_something_new_adds_it_and_keeps_the_other_away() -> None:
    said = Refinement("t", instead=(("black", "brown"), ("shoes", "boots")))
    found = refined(Query((), refine=said), Query((Term(text="red shoes"),)))
    assert texts(found) == [("red boots", 1), ("brown", 1), ("black", -1)]


def test_refinement_keeps_what_it_leaves_at_its_default() -> None:
    change = Refinement("t")
    same = refined(Query((), refine=change), EARLIER)
    assert same == EARLIER
    narrower = refined(Query((), where=Comparison("m", "eq", 1), refine=change), EARLIER)
    assert narrower.where == And((Comparison("n", "lt", 5), Comparison("m", "eq", 1)))
    free = refined(Query((), refine=replace(change, drop_filter=True)), EARLIER)
    assert free.where is None
    other = refined(Query((), limit=3, diversity=0.1, refine=change), EARLIER)
    assert (other.limit, other.diversity, other.sort) == (3, 0.1, EARLIER.sort)


def test_removing_what_is_not_there_names_what_is() -> None:
    with pytest.raises(QueryError, match="no term 'summer' to remove; it has 'red shoes'"):
        refined(Query((), refine=Refinement("t", remove=("summer",))), EARLIER)


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
