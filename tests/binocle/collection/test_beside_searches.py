"""Work beside searches: one thread a name, of low priority."""

import logging
import os
import sys
import threading

import pytest

from binocle.collection.beside_searches import BesideSearches


def test_work_of_a_name_is_done_once_at_a_time() -> None:
    beside, go = BesideSearches(), threading.Event()
    done: list[int] = []

    def wait() -> None:
        assert go.wait(10)
        done.append(1)

    beside.start("a", wait)
    beside.start("a", lambda: done.append(2))
    beside.start("b", lambda: done.append(3))
    go.set()
    beside.finish()
    assert sorted(done) == [1, 3]
    beside.start("a", lambda: done.append(4))
    beside.finish()
    assert sorted(done) == [1, 3, 4]


def test_work_that_failed_is_told_and_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    beside = BesideSearches()
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        raise MemoryError("too much")

    for _ in range(2):
        with caplog.at_level(logging.ERROR):
            beside.start("an index", fail)
            beside.finish()
    assert tried == [1]
    assert "an index" in caplog.text
    assert "too much" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
def test_work_has_a_lower_priority_than_who_starts_it() -> None:
    found: list[int] = []
    beside = BesideSearches()
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    beside.start("a", lambda: found.append(os.getpriority(os.PRIO_PROCESS, 0)))
    beside.finish()
    assert found == [max(own, 10)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
