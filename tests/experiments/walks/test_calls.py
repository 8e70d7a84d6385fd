"""Calls of the program's functions are counted, in threads too; those of others are not."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from binocle.batches import batched
from binocle.files import lies_within
from experiments.walks.calls import Calls, CallsElsewhere


@pytest.fixture
def calls() -> Iterator[Calls]:
    before = sys.getprofile()
    yield Calls()
    sys.setprofile(before)
    threading.setprofile(None)


def test_functions_of_the_program_are_counted_in_all_threads(calls: Calls) -> None:
    lies_within("/", [])
    with calls.counted() as found:
        assert list(batched(range(10), 1000))
        thread = threading.Thread(target=lies_within, args=("/", [Path("/x")]))
        thread.start()
        thread.join()
    lies_within("/", [])
    assert found == {"binocle/batches.py batched": 2, "binocle/files.py lies_within": 1}


def test_what_another_process_tells_is_had_once_it_has_ended() -> None:
    told = CallsElsewhere()
    os.write(told.end, b"one\ntwo\n")
    assert told.lines() == ["one", "two"]
