"""Recall by language."""

import numpy as np

from training.mini.languages.recall import recalls


def test_recall_counts_pictures_without_a_text_as_candidates_only() -> None:
    rows = np.eye(30, dtype=np.float32)
    owner = np.array([0, 0, 5])
    found = recalls("de", rows, rows[[0, 1, 5]] + 0.1 * rows[:3], owner)
    assert found["de i2t@10"] == 100
    assert 60 < found["de t2i@10"] <= 100
