"""What cannot be asked is refused when the question is made."""

from typing import Any

import pytest

from binocle.errors import QueryError
from binocle.media.kinds import KINDS
from search.query.query import (
    MAX_FACETS,
    MAX_LIMIT,
    Facet,
    Group,
    Query,
    Region,
    Sort,
    Term,
    Weights,
)
from search.query.turns import MAX_TERMS, MAX_TURN_LENGTH, Refinement


def test_questions_without_meaning_are_refused() -> None:
    one = Term(text="a")
    for bad in ({}, {"text": "a", "record": "b"}, {"text": " "}, {"text": "\u200b\ufeff"}):
        with pytest.raises(QueryError):
            Term(**bad)  # type: ignore[arg-type]
    for weight in (0.0, float("nan"), float("inf")):
        with pytest.raises(QueryError, match="weight"):
            Term(text="a", weight=weight)
    for limit in (0, -1, MAX_LIMIT + 1):
        with pytest.raises(QueryError, match="limit"):
            Query((one,), limit=limit)
    with pytest.raises(QueryError, match="nothing to look for"):
        Query(())
    with pytest.raises(QueryError, match="65 terms"):
        Query((one,) * (MAX_TERMS + 1))
    with pytest.raises(QueryError, match="target"):
        Query((one,), target="video")  # type: ignore[arg-type]


@pytest.mark.parametrize("sides", [(-0.1, 0, 0.5, 1), (0.6, 0, 0.5, 1), (0, 0, 0, 1), (0, 0, 1, 2)])
def test_a_region_lies_inside_the_picture(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(QueryError, match="stay inside the picture"):
        Region(*sides)
    assert Region(0.25, 0.5, 0.75, 0.5).box == (0.25, 0.5, 1, 1)


def test_weights_facets_and_groups_are_within_their_limits() -> None:
    for weights in ((0, 0, 0), (-1, 1, 1), (float("inf"), 1, 1)):
        with pytest.raises(QueryError, match="not all 0"):
            Weights(*weights)
    assert [Weights(2, 3).of(kind) for kind in KINDS] == [2, 3]
    for limits in ({"limit": 0}, {"bins": 1001}):
        with pytest.raises(QueryError, match="1 to 1000"):
            Facet("color", **limits)  # type: ignore[arg-type]
    for size in (0, 101):
        with pytest.raises(QueryError, match="1 to 100 records"):
            Group("color", size)


def test_a_refinement_names_a_turn_and_swaps_words_for_words() -> None:
    for turn in ("", "x" * (MAX_TURN_LENGTH + 1)):
        with pytest.raises(QueryError, match="turn of an earlier answer"):
            Refinement(turn)
    with pytest.raises(QueryError, match="neither is empty"):
        Refinement("t", swap=(("red", " "),))
    with pytest.raises(QueryError, match="at most 64 terms"):
        Refinement("t", remove=("a",) * MAX_TERMS, instead=(("b", "c"),))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "fuzzy"}, "the mode is"),
        ({"diversity": 1.5}, "diversity is from 0 to 1"),
        ({"min_relevance": 2}, "the least relevance"),
        ({"min_relevance": "some"}, "the least relevance"),
        ({"facets": (Facet("color"),) * (MAX_FACETS + 1)}, "more than the limit"),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(options: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says):
        Query((Term(text="a"),), **options)
    assert Query((), sort=(Sort("price"),)).terms == ()


def test_text_of_a_term_has_nothing_invisible() -> None:
    assert Term(text="\ufeffred\u200b dress\u200e\x07") == Term(text="red dress")
