"""The measurement of an index's life tells what it says it does."""

from pathlib import Path

import pytest

from experiments.speed.indices import index_life


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_it_finds_what_was_stored_before_and_after_opening_again(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    index_life.store(folder, 64, [0])
    told = index_life.first_answer(folder)
    assert told["index"] == "exact (FAISS flat)"
    assert told["recall"] == 1
    assert told["first_answer_s"][0] <= told["lists_after_s"][0]
    index_life.store(folder, 64, [1])
    again = index_life.open_again(folder)
    assert again["recall"] == 1
    assert 0 < again["own_mb"] < again["most_mb"]
