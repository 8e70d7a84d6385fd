"""Fresh changes are asked through the program, and counted by class and domain."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.copies import fresh_quality
from experiments.copies.fresh_quality import FreshTrial, jobs_of, laid_out, main, report
from search.copies.verdicts import COPIES
from tests.support.drawings import drawn, encoded


def trial(change: str, *, known: bool, first: str, own: bool) -> FreshTrial:
    return FreshTrial("a", "shoes", change, known, first, 0.95, "b" if first else "", own, first)


def test_what_is_found_false_and_sure_is_counted() -> None:
    told = report(
        [
            trial("curve", known=True, first="near-duplicate", own=True),
            trial("curve", known=True, first="near-duplicate", own=False),
            trial("negative", known=True, first="similar", own=True),
            trial("as it is", known=False, first="part", own=False),
            trial("as it is", known=False, first="part", own=True),
            trial("curve", known=False, first="variant", own=False),
        ]
    )
    assert "| mild | 2 | 1 (50.0%) |" in told
    assert "| negative | 1 | 0 (0.0%) |" in told
    assert "| shoes | 1 | 1 |" in told  # what is stored twice is none of the unknown
    assert "| shoes, changed | 1 | 0 | 0.0% to 79.3% | 1 |" in told
    assert "| copy 0.9 | 4 | 50.0% |" in told
    assert "| variant 0.9 | 1 | 100.0% |" in told


def test_every_change_is_asked_of_as_many_pictures_and_others_with_another_seed() -> None:
    pictures = {"shoes": {"known": [f"{one}.png" for one in range(9)], "unknown": ["x.png"]}}
    jobs = list(jobs_of(pictures, "a", ["curve", "levels"], known=3, unknown=5))
    assert [one[2] for one in jobs if one[3]] == ["curve"] * 3 + ["levels"] * 3
    assert len({one[0] for one in jobs if one[3]}) == 6
    assert [one[2] for one in jobs if not one[3]] == ["as it is", "curve"]
    assert jobs != list(jobs_of(pictures, "b", ["curve", "levels"], known=3, unknown=5))


def test_the_same_pictures_are_asked_wherever_they_lie() -> None:
    names = [f"shoes/{one}.png" for one in range(9)]
    first, second = (
        [
            (Path(path).relative_to(place), *rest)
            for path, *rest in jobs_of(
                {"shoes": {"known": [f"{place}/{one}" for one in names], "unknown": []}},
                "a", ["curve"], known=4, unknown=0,
            )
        ]
        for place in ("/here", "/there/below")
    )  # fmt: skip
    assert len(first) == 4
    assert first == second


def test_the_program_is_asked_of_known_and_unknown_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_MODEL", "colour")
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    work = tmp_path / "work"
    laid_out([f"shapes={folder}:0.3"], work)  # another share before, or stopped in the middle
    asked = (f"shapes={folder}:0.6", "--work", os.path.relpath(work), "--unknown", "2")
    main([*asked, "--change", "jpeg-25-60", "--known", "9", "--json", str(tmp_path / "trials")])
    told = capsys.readouterr().out
    assert "| jpeg-25-60 | 9 | 9 (100.0%) |" in told
    assert "| shapes | 2 | 0 |" in told
    trials = [json.loads(one) for one in (tmp_path / "trials").read_text().splitlines()]
    assert [one["is_known"] for one in trials].count(True) == 9 < len(trials)
    assert {one["own"] for one in trials if one["is_known"]} <= COPIES


def test_what_is_found_until_it_is_stopped_is_written_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_args: object) -> Iterator[FreshTrial]:
        yield trial("curve", known=True, first="part", own=True)
        raise KeyboardInterrupt

    pictures = {"shoes": {"known": ["a"], "unknown": ["x", "y"]}}
    monkeypatch.setattr(fresh_quality, "laid_out", lambda *_args: pictures)
    monkeypatch.setattr(fresh_quality, "results_of", stopped)
    (tmp_path / "a.png").write_bytes(b"")
    main([f"shoes={tmp_path}:1", "--work", str(tmp_path), "--json", str(tmp_path / "trials")])
    assert "| curve | 1 | 1 (100.0%) |" in capsys.readouterr().out
    assert len((tmp_path / "trials").read_text().splitlines()) == 1


@pytest.mark.parametrize("given", ["pictures", "a=pictures", "a=missing:0.5", "a=empty:0.5"])
def test_what_is_no_share_of_a_folder_of_pictures_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(encoded(drawn(1)))
    with pytest.raises(SystemExit):
        main([given, "--work", "work"])
    assert f"{given} is no NAME=FOLDER:SHARE" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
