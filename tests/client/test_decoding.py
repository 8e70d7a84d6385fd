"""Answers are read from JSON, whatever a newer service adds."""

from dataclasses import asdict, dataclass

import pytest

from binocle_client import records
from binocle_client.decoding import decode


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Tree:
    leaves: list[Leaf]
    crown: Leaf | None
    weights: dict[str, float]


def test_what_is_read_is_what_was_written() -> None:
    tree = Tree([Leaf("a", 1), Leaf("b", None)], Leaf("top", 2), {"a": 0.5})
    assert decode(Tree, asdict(tree)) == tree
    bare = Tree([], None, {})
    assert decode(Tree, asdict(bare)) == bare


def test_fields_of_a_newer_service_are_left_out() -> None:
    assert decode(Leaf, {"name": "a", "size": 1, "colour": "red"}) == Leaf("a", 1)


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {"leaves": {}, "crown": None, "weights": {}},
        {"leaves": [1], "crown": None, "weights": {}},
        {"leaves": [], "crown": "x", "weights": {}},
        {"leaves": [], "crown": {"name": "a"}, "weights": {}},
        {"leaves": [], "crown": None},
    ],
)
def test_what_is_something_else_is_refused(document: object) -> None:
    with pytest.raises((LookupError, TypeError)):
        decode(Tree, document)


def test_a_problem_in_the_place_of_an_answer_is_read_as_one() -> None:
    problem = records.SearchProblem(
        type="about:blank", title="bad query", status=422, code="bad-query",
        detail="it is empty", field="searches.0.query", request_id="r1",
    )  # fmt: skip
    batch = decode(records.BatchAnswer, {"answers": [asdict(problem)], "took_ms": {}})
    assert batch.answers == [problem]
