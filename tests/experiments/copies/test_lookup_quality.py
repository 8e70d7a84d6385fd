"""The evaluation of reverse lookup: what is known, what is asked, and how it is counted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.copies.lookup_quality import chosen, jobs_of, laid_out, main
from experiments.copies.lookup_reports import Other, Trial, report, wilson
from experiments.copies.transformations import TRANSFORMATIONS


def fill(folder: Path, count: int, first: int = 0) -> Path:
    folder.mkdir()
    for number in range(first, first + count):
        values = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(values).resize((120, 120)).save(folder / f"{number}.png")
    return folder


def trial(domain: str, *others: Other, known: bool = True, right: bool = True) -> Trial:
    verdict = "near-duplicate" if right else "none"
    return Trial("a.png", domain, "png", known, verdict, 1.0, right, others, 5.0)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 3000, 0.0, 0.00128), (10, 100, 0.0552, 0.1744), (50, 50, 0.9287, 1.0)],
)
def test_intervals_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=1e-4)


def test_of_a_split_folder_a_fourth_is_unknown_and_linked_nowhere(tmp_path: Path) -> None:
    whole, split = fill(tmp_path / "whole", 10), fill(tmp_path / "split", 80)
    known, others = laid_out(tmp_path / "known", [whole], [split], [])
    linked = {one.resolve() for one in (tmp_path / "known").rglob("*.png")}
    unknown = {one.path for one in others}
    assert linked == {one.path.resolve() for one in known}
    assert not linked & unknown
    assert len(linked | unknown) == 90
    assert 8 <= len(unknown) <= 32
    assert laid_out(tmp_path / "known", [whole], [split], []) == (known, others)


def test_halves_are_disjoint_and_every_change_is_asked_equally_often(tmp_path: Path) -> None:
    known, _ = laid_out(tmp_path / "known", [fill(tmp_path / "whole", 60)], [], [])
    tuning, reported = (chosen(known, half, None) for half in ("tuning", "reported"))
    assert not {one.path for one in tuning} & {one.path for one in reported}
    assert len(tuning) + len(reported) == 60
    jobs = list(jobs_of(known[: len(TRANSFORMATIONS)], (), TRANSFORMATIONS, 2))
    names = [name for _, name in jobs]
    assert {names.count(one.name) for one in TRANSFORMATIONS} == {2}


def test_others_that_are_the_same_photo_are_counted_apart() -> None:
    twin = Other("twin.png", "near-duplicate", 1.0, 0.4)
    stranger = Other("stranger.png", "mirrored", 0.8, 20.0)
    text = report(
        [trial("shoes", twin), trial("shoes", twin, stranger), trial("hats", known=False)]
    )
    assert "| shoes | 2 | 1 = 50.00% (9.45% to 90.55%) | 0 = 0.00%" in text
    assert "stranger.png" in text
    assert "twin.png" not in text


def test_command_reports_known_and_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, other = fill(tmp_path / "whole", 4), fill(tmp_path / "other", 2, first=100)
    main(
        [str(whole), "--unknown", str(other), "--half", "both", "--kind", "png", "--kind", "grey",
         "--json", str(tmp_path / "trials.jsonl")]
    )  # fmt: skip
    text = capsys.readouterr().out
    assert "| whole | 8 | 8 = 100.00%" in text
    assert "| other | 4 | 0 = 0.00%" in text
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 12
