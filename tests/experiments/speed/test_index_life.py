"""The measurement of an index's life tells what it says it does."""

from pathlib import Path

import numpy as np
import pytest

from experiments.speed import index_life
from experiments.speed.search_speed import clustered


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_it_finds_what_was_stored_before_and_after_opening_again(tmp_path: Path) -> None:
    rows, queries = clustered(400, 5, 64)
    np.save(tmp_path / "queries.npy", queries)
    index_life.store(tmp_path / "c", rows[:300], 0)
    told = index_life.first_answer(tmp_path / "c")
    assert told["index"] == "exact (FAISS flat)"
    assert told["recall"] == 1
    assert told["first_answer_s"][0] <= told["lists_after_s"][0]
    index_life.store(tmp_path / "c", rows[300:], 300)
    again = index_life.open_again(tmp_path / "c")
    assert again["recall"] == 1
    assert 0 < again["own_mb"] < again["most_mb"]
