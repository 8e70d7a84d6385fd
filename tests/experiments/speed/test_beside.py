"""The measurement of searches beside jobs."""

from pathlib import Path

import pytest

from experiments.speed.beside import draw, told


def test_pictures_differ_by_number_and_seed(tmp_path: Path) -> None:
    for seed in (0, 1):
        draw(tmp_path / str(seed), 2, seed=seed)
    found = {one.read_bytes() for one in tmp_path.glob("*/*.jpg")}
    assert len(found) == 4


def test_ratio_is_that_of_the_95th_percentiles(capsys: pytest.CaptureFixture[str]) -> None:
    alone = [1.0] * 90 + [10.0] * 10
    told("beside", [2 * one for one in alone], alone)
    assert "2.00 times alone" in capsys.readouterr().out
    told("beside", [1.0], alone)
    assert "ended after 1 searches" in capsys.readouterr().out
