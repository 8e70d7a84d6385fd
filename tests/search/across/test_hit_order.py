"""The common order: nothing is shown twice, and hits differ where they can be compared."""

from collections.abc import Sequence

import numpy as np

from search.across.hit_order import Alikeness, in_order
from search.query.query import Group, Query
from tests.search.across.test_merging import RED, answer, hit, ids

X, Y = np.eye(2, dtype=np.float32)


def order(diversity: float, spaces: Sequence[str]) -> list[str]:
    answers = {
        "a": answer([hit("a1", 0.9), hit("a2", 0.5)]),
        "b": answer([hit("b1", 0.8), hit("b2", 0.4)]),
    }
    rows = {"a": np.stack([X, Y]), "b": np.stack([X, Y])}
    named = dict(zip(answers, spaces, strict=True))
    alikeness = Alikeness(diversity, answers, named, rows)
    return ids(in_order(Query(RED), answers, {}, (), alikeness)[0])


def test_what_is_like_something_placed_comes_later_where_that_can_be_told() -> None:
    assert order(0.0, ["s", "s"]) == ["a1", "b1", "a2", "b2"]
    assert order(0.7, ["s", "s"]) == ["a1", "a2", "b1", "b2"]
    assert order(0.7, ["s", "t"]) == ["a1", "b1", "a2", "b2"]


def test_page_of_groups_ends_where_a_collection_has_more_that_nobody_has_asked_for() -> None:
    def of(name: str, relevance: float, value: str):  # type: ignore[no-untyped-def]
        found = hit(name, relevance)
        object.__setattr__(found, "group_value", value)
        return found

    own = answer([of("a1", 0.9, "x"), of("a2", 0.8, "y"), of("a3", 0.1, "z")])
    other = answer([of("b1", 0.85, "x"), of("b2", 0.7, "y"), of("b3", 0.6, "w")])
    query = Query(RED, group=Group("style"), limit=4)
    found, used = in_order(query, {"a": own, "b": other}, {})
    assert ids(found) == ["a1", "a2", "b3", "a3"]
    cut = answer(other.hits[:2])
    object.__setattr__(cut, "goes_on", lambda _: "more")
    found, used = in_order(query, {"a": own, "b": cut}, {})
    assert ids(found) == ["a1", "a2"]
    assert used == {"a": 2, "b": 2}
