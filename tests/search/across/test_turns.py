"""The turns of several collections as one."""

import base64
import json

import pytest

from binocle.errors import SavedQueryError
from search.across.turns import AcrossTurn
from search.query.query import Facet, Group, Query, Sort, Term
from search.query.turns import Refinement

EARLIER = Query(
    (Term(text="red"),),
    limit=7,
    sort=(Sort("price", descending=True),),
    facets=(Facet("color", limit=3),),
    group=Group("style", 2),
    diversity=0.5,
)


def test_what_a_refinement_leaves_open_is_as_it_was() -> None:
    turn = AcrossTurn.of_query(EARLIER, {"a": "A", "b": "B", "failed": None})
    assert turn is not None
    again = AcrossTurn.of(turn.as_text(), ["b", "new"])
    assert again == turn
    assert again.own("b") == "B"
    with pytest.raises(SavedQueryError, match="'new' has not answered"):
        again.own("new")
    refine = Refinement("x", forgotten=("price",))
    plain = again.taken_over(Query((), refine=refine))
    assert (plain.limit, plain.sort) == (7, ())
    assert (plain.facets, plain.group, plain.diversity) == (
        EARLIER.facets, EARLIER.group, EARLIER.diversity,
    )  # fmt: skip
    own = Query((), limit=3, sort=(Sort("id"),), facets=(Facet("x"),), group=Group("y"))
    assert again.taken_over(own).facets == own.facets
    assert again.taken_over(own).limit == 3
    assert AcrossTurn.of_query(EARLIER, {"a": None}) is None


WHOLE: dict[str, object] = {
    "turns": {"a": "x"}, "limit": 1, "sort": [], "facets": [], "group": None, "diversity": 0,
}  # fmt: skip
_STRANGE: list[object] = [
    [], {}, {"turns": 5}, {"turns": {"a": "x"}, "limit": 1, "sort": [{"no": 1}]},
    {**WHOLE, "limit": float("inf")}, {**WHOLE, "sort": [{"field": {}}]},
    {**WHOLE, "group": {"field": 5}}, {**WHOLE, "group": {"field": "x", "size": -4}},
    {**WHOLE, "facets": [{"field": "x", "kind": "bogus"}]}, {**WHOLE, "facets": [{"field": {}}]},
    {**WHOLE, "turns": {"a": 5}},
]  # fmt: skip


@pytest.mark.parametrize("document", _STRANGE)
def test_damaged_turn_is_refused(document: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    for turn in (text, "x", "!!!!", "ä"):
        with pytest.raises(SavedQueryError, match="damaged"):
            AcrossTurn.of(turn, ["a"])


def test_turn_that_lacks_nothing_is_read() -> None:
    text = base64.urlsafe_b64encode(json.dumps(WHOLE).encode()).decode()
    assert AcrossTurn.of(text, ["a"]).own("a") == "x"


def test_turn_of_other_collections_is_refused() -> None:
    turn = AcrossTurn.of_query(EARLIER, {"other": "x"})
    with pytest.raises(SavedQueryError, match=r"in other collections \(other\)"):
        AcrossTurn.of(turn.as_text() if turn else "", ["a"])
