"""Samples come from what a lookup would compare, and a fitted forest is written as it is read."""

from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.fingerprints.copy_classifier import MEASURES, Forest
from experiments.copies.fit_copy_classifier import Comparer, main, table_of
from experiments.copies.lookup_quality import LookupQuestion, indexed
from tests.support.drawings import drawn, encoded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures, and the first one again with a mark on it."""
    place = tmp_path / "pictures"
    place.mkdir()
    for seed in range(20):
        (place / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    marked = drawn(0)
    marked.paste((255, 0, 0), (20, 20, 120, 110))
    (place / "0-marked.png").write_bytes(encoded(marked))
    return place


def test_a_known_picture_is_a_copy_and_passed_over_it_is_not_compared(
    folder: Path, tmp_path: Path
) -> None:
    comparer = Comparer(Collection(indexed(tmp_path / "collection", folder)))
    own = (folder / "3.png").resolve()
    known = list(comparer.samples(LookupQuestion(own, "x", is_known=True), "jpeg-50", [own]))
    assert {Path(one.stored).name for one in known if one.is_copy} == {"3.png"}
    assert all(one.evidence.agreement.share > 0.9 for one in known if one.is_copy)
    passed = comparer.samples(LookupQuestion(own, "x", is_known=False), "jpeg-50", [own])
    assert not [one for one in passed if one.is_copy or Path(one.stored).name == "3.png"]
    measures, copies = table_of(known)
    assert measures.shape == (len(copies), len(MEASURES))
    assert copies.any()


@pytest.mark.slow
def test_the_command_writes_a_forest(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "copies.npz"
    counts = ["--known-count", "8", "--forms", "4", "--other-count", "4"]
    main([str(folder), "--work", str(tmp_path / "work"), "--output", str(output), *counts])
    with np.load(output) as kept:
        forest = Forest(*(kept[name] for name in ("measure", "limit", "left", "right", "value")))
    assert np.isfinite(forest.log_odds(np.zeros(len(MEASURES), np.float32)))
