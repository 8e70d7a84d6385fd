"""Hits of several collections in one order, without disturbing that of any."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.errors import QueryError
from binocle.types import Contribution, Hit, Metadata, Part, Record
from search.across.cursors import AcrossPosition
from search.across.merging import merged, own_query
from search.query.query import Facet, Query, Sort, Term
from search.results.answer import Answer, Bucket, FacetCounts

RED = (Term(text="red"),)


def hit(name: str, relevance: float | None = None, **metadata: object) -> Hit:
    given: Metadata = metadata  # type: ignore[assignment]
    part = Part(1, "text", "title", name, name)
    return Hit(Record(name, name, given), part, 0.0, 0.0, relevance)


def answer(hits: Sequence[Hit], relevant: int | None = None, error: int = 0) -> Answer:
    def goes_on(count: int) -> str | None:
        return f"behind {count}" if count < len(hits) else None

    return Answer(
        hits=tuple(hits), target="text", cursor=None, exact=True, relevant=relevant,
        relevant_error=error, goes_on=goes_on,
    )  # fmt: skip


def ids(found: Sequence[tuple[str, Hit]]) -> list[str]:
    return [one.record.id for _, one in found]


def test_best_of_what_comes_next_is_taken_and_each_keeps_its_order() -> None:
    own = answer([hit("a1", 0.9), hit("a2", 0.3), hit("a3", 0.8)], 2, 3)
    other = answer([hit("b1", 0.5), hit("b2", 0.4), hit("b3", None)], 3, 4)
    found = merged(Query(RED, limit=4), {"a": own, "b": other})
    assert ids(found.hits) == ["a1", "b1", "b2", "a2"]
    assert found.shown == {"a": 2, "b": 2}
    assert (found.relevant, found.relevant_error) == (5, 5)
    position = AcrossPosition.of(found.cursor or "", ["a", "b"])
    assert position.cursors == {"a": "behind 2", "b": "behind 2"}


def test_boosts_count_and_what_a_collection_has_pinned_keeps_its_place() -> None:
    pinned = replace(hit("a2", 0.1), contributions=(Contribution("pin", 9, 2.0, 0.0),))
    boosted = replace(
        hit("b1", 0.4), contributions=(Contribution("boost", 2, 1.0, 0.0, factor=2.0),)
    )
    own = answer([hit("a1", 0.7), pinned, hit("a3", 0.6)])
    found = merged(Query(RED), {"a": own, "b": answer([boosted, hit("b2", 0.65)])})
    assert ids(found.hits) == ["b1", "a1", "a2", "b2", "a3"]


def test_collections_without_relevance_take_turns() -> None:
    own = answer([hit("a1"), hit("a2"), hit("a3")])
    other = answer([hit("b1"), hit("b2")], 2)
    found = merged(Query(RED), {"a": own, "b": other})
    assert ids(found.hits) == ["a1", "b1", "a2", "b2", "a3"]
    assert found.relevant is None
    assert found.cursor is None


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort("price"), ["b1", "a1", "b2", "a2", "a3", "b3"]),
        (Sort("price", descending=True), ["a2", "b2", "a1", "b1", "a3", "b3"]),
    ],
)
def test_sorted_by_a_field_numbers_come_before_words_and_what_lacks_it_last(
    sort: Sort, order: list[str]
) -> None:
    own = [hit("a1", price=2), hit("a2", price="on request"), hit("a3", 0.9)]
    other = [hit("b1", price=[1, 9] if not sort.descending else [1, 0]), hit("b2", price=7.5)]
    if sort.descending:
        own, other = [own[1], own[0], own[2]], [other[1], other[0]]
    other.append(hit("b3", 0.8))
    found = merged(Query(RED, sort=(sort,)), {"a": answer(own), "b": answer(other)})
    assert ids(found.hits) == order


def test_offset_passes_over_hits_of_all_and_the_page_goes_on_behind_them() -> None:
    own = answer([hit("a1", 0.9), hit("a2", 0.7)])
    other = answer([hit("b1", 0.8), hit("b2", 0.6)])
    query = Query(RED, offset=1, limit=2)
    assert own_query(query, None).limit == 3
    found = merged(query, {"a": own, "b": other})
    assert ids(found.hits) == ["b1", "a2"]
    assert AcrossPosition.of(found.cursor or "", ["a", "b"]).cursors == {"b": "behind 1"}


def test_later_pages_keep_the_count_and_ask_again_who_failed() -> None:
    position = AcrossPosition({"a": "A", "b": "B"}, {"a": 4, "b": 1}, 70, 2)
    facet = FacetCounts("color", "values", (Bucket("red", 1),), 0, 0)
    own = answer([hit("a1", 0.9), hit("a2", 0.8)], 3)
    object.__setattr__(own, "facets", (facet,))
    query = Query(RED, limit=1, facets=(Facet("color"),))
    found = merged(query, {"a": own}, position=position, failed=["b"])
    assert (found.relevant, found.relevant_error, found.facets) == (70, 2, ())
    following = AcrossPosition.of(found.cursor or "", ["a", "b"])
    assert following == AcrossPosition({"a": "behind 1", "b": "B"}, {"a": 5, "b": 1}, 70, 2)


@pytest.mark.parametrize(
    "query",
    [
        Query(RED, collapse=True),
        Query(RED, offset=1001),
    ],
)
def test_what_only_one_collection_can_answer_is_refused(query: Query) -> None:
    with pytest.raises(QueryError, match=r"of one collection|at most 1,000"):
        own_query(query, None)


@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8), min_size=1, max_size=4),
    st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_pages_neither_repeat_nor_skip_a_hit(rated: list[list[float | None]], limit: int) -> None:
    lists = {
        f"c{number}": [hit(f"c{number}-{place}", one) for place, one in enumerate(own)]
        for number, own in enumerate(rated)
    }
    used = dict.fromkeys(lists, 0)
    seen: list[str] = []
    while True:
        left = {name: answer(own[used[name] :]) for name, own in lists.items()}
        position = AcrossPosition({}, dict(used))
        found = merged(Query(RED, limit=limit), left, position=position)
        seen += ids(found.hits)
        for name, count in found.shown.items():
            used[name] += count
        if found.cursor is None:
            break
    whole = merged(Query(RED, limit=100), {name: answer(own) for name, own in lists.items()})
    assert sorted(seen) == sorted(one.record.id for own in lists.values() for one in own)
    for name, own in lists.items():
        assert [one for one in seen if one.startswith(f"{name}-")] == [one.record.id for one in own]
    assert seen == ids(whole.hits)
