"""Fresh changes are asked through the program, and counted by class and domain."""

from pathlib import Path

import pytest

from experiments.copies.fresh_quality import FreshTrial, jobs_of, main, report
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


def test_the_program_is_asked_of_known_and_unknown_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINOCLE_MODEL", "colour")
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.png").write_bytes(encoded(drawn(seed)))
    given = (f"shapes={folder}:0.6", "--work", str(tmp_path / "work"))
    main([*given, "--change", "jpeg-25-60", "--known", "2", "--unknown", "2"])
    told = capsys.readouterr().out
    assert "| jpeg-25-60 | 2 | 2 (100.0%) |" in told
    assert "| shapes | 2 | 0 |" in told
