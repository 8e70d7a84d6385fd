"""``binocle tune`` on a command line."""

import json
from pathlib import Path

from api.cli.upkeep import tune
from api.operations.upkeep.tuning import TunedIndex
from binocle.vectors.tuned_search import TunedSearch
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME
from tests.support.sound_home import filled, home

__all__ = ["filled", "home"]


def test_what_is_scanned_is_said_to_have_nothing_to_tune(home: Path) -> None:
    code, out, err = run_cli(home, "tune", NAME, "--json")
    assert code == 0, err
    assert {one["kind"]: one["tuned"] for one in json.loads(out)} == {"image": None, "text": None}
    code, out, _ = run_cli(home, "tune", NAME)
    assert "are scanned, nothing to tune" in out
    code, _, err = run_cli(home, "tune", NAME, "--recall", "2")
    assert code == 2
    assert "0.5<=x<=1" in err


def test_what_was_chosen_is_told_in_a_line() -> None:
    chosen = TunedSearch(0.04, 4000, 0.9912, 200)
    assert tune._line(TunedIndex("image", 10**6, "own texts", chosen)) == (
        "image: a search looks into 160 of 4,000 lists; recall@10 0.991 of 200 own texts"
    )
