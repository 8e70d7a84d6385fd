"""Views of the FAISS store: tuples of segments, shared and merged."""

from pathlib import Path

import numpy as np
import pytest

from binocle.types import Space
from binocle.vectors.faiss_store import FaissStore
from binocle.vectors.faiss_view import FaissView
from tests.support.unit_rows import gaussian_rows, ids_from

DIMENSION = 16
SPACE = Space("toy", DIMENSION, "ab" * 32)


def test_views_share_the_segments_that_stay(tmp_path: Path) -> None:
    rng = np.random.default_rng(22)
    store = FaissStore(tmp_path / "image", SPACE)
    store.upsert(ids_from(1, 100), gaussian_rows(rng, 100, DIMENSION), born=1)
    before = store.at(1).held_bytes
    assert sum(before.values()) == 100 * 4 * DIMENSION
    store.upsert(ids_from(101, 10), gaussian_rows(rng, 10, DIMENSION), born=2)
    assert before.items() < store.at(2).held_bytes.items()


def test_segments_are_merged_up_to_a_block_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binocle.vectors.faiss_view.BLOCK", 64)
    rows = gaussian_rows(np.random.default_rng(23), 300, DIMENSION)
    view = FaissView(DIMENSION)
    for first in range(0, 300, 10):
        view = view.with_rows(ids_from(first, 10), rows[first : first + 10])
    sizes = [len(segment.ids) for segment in view.segments]
    assert max(sizes) <= 64
    assert len(sizes) < 15
    assert view.ids().tolist() == list(range(300))
    assert np.array_equal(view.rows(view.ids())[1], rows)


def test_removed_vectors_are_left_out_when_it_is_made_compact() -> None:
    rows = gaussian_rows(np.random.default_rng(24), 300, DIMENSION)
    view = FaissView(DIMENSION).with_rows(ids_from(0, 300), rows).without(ids_from(0, 120))
    for limit in (100, 1000):
        compact = view.compact(limit)
        assert bool(compact.segments[0].lists) == (limit == 100)
        assert compact.stored == compact.count() == 180
        assert compact.ids().tolist() == list(range(120, 300))
