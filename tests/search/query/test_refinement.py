"""What a query becomes that refines an earlier one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from binocle.errors import QueryError
from binocle.metadata.filters import And, Comparison, both, comparisons_in
from search.query.filter_language import parse_where
from search.query.query import Query, Sort, Term
from search.query.refinement import refined
from search.query.turns import Refinement


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


@pytest.mark.parametrize(
    ("earlier", "said", "becomes"),
    [
        ("shoes for men", "for women", ["shoes for women"]),
        ("Puma Men's shoes", "women only", ["Puma women shoes"]),
        ("girls dress", "for boys", ["boys dress"]),
        ("shoes", "for women", ["shoes", "for women"]),
        ("women dress", "for women", ["women dress", "for women"]),
        ("menswear", "for women", ["menswear", "for women"]),
        ("shoes for men", "for running", ["shoes for men", "for running"]),
    ],
)
def test_other_persons_take_the_place_of_earlier_ones(
    earlier: str, said: str, becomes: list[str]
) -> None:
    turn, first = Refinement("t", is_spoken=True), Query((Term(text=earlier),))
    query = refined(Query((Term(text=said),), refine=turn), first)
    assert [text for text, _ in texts(query)] == becomes
    literal = refined(Query((Term(text=said),), refine=Refinement("t")), first)
    assert [text for text, _ in texts(literal)] == [earlier, said]


def test_price_that_matters_no_more_bounds_and_orders_nothing() -> None:
    earlier = Query(
        (Term(text="shoes"),),
        where=parse_where("price < 60 and color = Red"),
        sort=(Sort("price"), Sort("id")),
    )
    query = refined(Query((), refine=Refinement("t", forgotten=("price",))), earlier)
    assert query.where == Comparison("color", "eq", "Red")
    assert query.sort == (Sort("id"),)
