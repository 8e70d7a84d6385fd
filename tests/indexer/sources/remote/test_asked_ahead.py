"""Candidates come in order, and whoever stops asking waits for no host."""

import threading

from indexer.sources.base import Candidate
from indexer.sources.remote.asked_ahead import asked_ahead


def candidate(number: int) -> Candidate:
    return Candidate(str(number), "", str(number), f"table#row={number}")


def test_candidates_come_in_the_order_of_what_they_are_made_of() -> None:
    found = asked_ahead(range(150), candidate, lambda _key, _fingerprint: True)
    assert [one.key for one in found] == [str(number) for number in range(150)]


def test_who_ends_waits_for_no_host() -> None:
    answers, waited = threading.Event(), []

    def make(number: int) -> Candidate:
        if number:
            waited.append(answers.wait(20))
        return candidate(number)

    found = asked_ahead(range(150), make, lambda _key, _fingerprint: True)
    try:
        assert next(found).key == "0"
        found.close()
        assert waited == []
    finally:
        answers.set()
