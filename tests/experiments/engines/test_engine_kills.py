"""The trials see what they look for; killing itself takes minutes, so it is done by hand."""

from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array, Int64Array
from binocle.vectors.exact import ExactView
from experiments.engines.engine_kills import KillTrial, compare_kind
from tests.support.changing_collection import record


@pytest.mark.parametrize("change", ["nothing", "lacks one", "has one more", "has one twice"])
def test_what_is_lost_or_doubled_is_seen(change: str, tmp_path: Path) -> None:
    trial = KillTrial()
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(ColourEncoder().space)
        collection.upsert([record(f"r{n}", n, n=n) for n in range(30)])
        view = collection.snapshot().vectors("image")
        ids, rows = _changed(*view.rows(view.ids()), change)
        with collection.reading() as session:
            assert compare_kind(session, ExactView(ids, rows), "image", trial) == 30
    assert (trial.doubled > 0) == change.startswith("has")
    if not trial.doubled:  # what is there once more takes others' places
        assert (trial.lost > 0) == (change == "lacks one")


def _changed(ids: Int64Array, rows: Float32Array, change: str) -> tuple[Int64Array, Float32Array]:
    if change == "lacks one":
        return ids[1:], rows[1:]
    if change == "nothing":
        return ids, rows
    extra = ids[-1] + (change == "has one more")
    return np.append(ids, extra), np.concatenate([rows, -rows[-1:]])
