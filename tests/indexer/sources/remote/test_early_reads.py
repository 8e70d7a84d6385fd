"""Reads begin early once one is asked for, and not before."""

import threading
from functools import partial

from indexer.sources.remote.early_reads import EarlyReads


def test_nothing_is_read_until_something_is_asked_for() -> None:
    read: list[int] = []

    def noted(number: int) -> bytes:
        read.append(number)
        return bytes([number])

    reads = EarlyReads(2)
    planned = [reads.planned(partial(noted, number)) for number in range(3)]
    assert read == []
    assert planned[2]() == b"\x02"
    assert [one() for one in planned[:2]] == [b"\x00", b"\x01"]
    assert sorted(read) == [0, 1, 2]
    assert planned[0]() == b"\x00"  # again, by reading again
    assert len(read) == 4


def test_what_comes_after_is_begun_as_it_comes() -> None:
    begun = threading.Event()

    def read() -> bytes:
        begun.set()
        return b"x"

    reads = EarlyReads(1)
    assert reads.planned(lambda: b"first")() == b"first"
    planned = reads.planned(read)
    assert begun.wait(10)
    assert planned() == b"x"


def test_what_was_ended_is_read_when_it_is_called() -> None:
    reads = EarlyReads(1)
    before = reads.planned(lambda: b"before")
    reads.end()
    assert before() == b"before"
    assert reads.planned(lambda: b"after")() == b"after"
