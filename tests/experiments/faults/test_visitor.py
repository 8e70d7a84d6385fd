"""The visitor makes requests that an undisturbed service answers, and notes what it promises."""

import random
from pathlib import Path

import pytest

from experiments.faults.promises import Promises
from experiments.faults.visitor import Visitor
from tests.support.service import running


def test_an_undisturbed_service_refuses_nothing_and_promises_one_state(tmp_path: Path) -> None:
    promises = Promises()
    with running(tmp_path / "home") as service:
        visitor = Visitor(service.url, promises, random.Random(3))
        visitor.make_collection()
        for _ in range(25):
            visitor.step()
        visitor.close()
        listed = service.http().get("/v1/collections/c/records").json()["records"]
    assert (visitor.refusals, visitor.problems, visitor.is_gone) == ([], [], False)
    assert promises.acknowledged > 10
    there = {}
    for record_id, states in promises.states().items():
        (state,) = states
        if state is not None:
            there[record_id] = state.version
    assert {one["id"]: one["metadata"]["v"] for one in listed} == there


@pytest.mark.parametrize("word", ["removed", "changed"])
def test_a_record_that_was_promised_and_is_gone_is_a_problem(tmp_path: Path, word: str) -> None:
    promises = Promises()
    with running(tmp_path / "home") as service:
        http = service.http()
        visitor = Visitor(service.url, promises, random.Random(3))
        visitor.make_collection()
        for _ in range(60):
            visitor.step()
            for record_id, states in promises.states().items():
                if None not in states:
                    http.delete(f"/v1/collections/c/records/{record_id}")
            if any(f"was to be {word}, and is lost" in one for one in visitor.problems):
                break
        visitor.close()
    assert any(f"was to be {word}, and is lost" in one for one in visitor.problems)
    assert visitor.refusals == []
