"""Texts and JSON beside pictures: what is damaged costs only what it says."""

from pathlib import Path

import pytest

from indexer.sources.archive import ArchiveSource
from indexer.sources.members import sidecars
from tests.support import Bench, picture_bytes, tar_of

NAMES = [f"{number}.jpg" for number in range(8)]


def test_damaged_sidecars_cost_only_what_they_say(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    members = [(name, picture_bytes(seed)) for seed, name in enumerate(NAMES)]
    path.write_bytes(
        tar_of(
            *members, ("0.json", b'{"a": 1'), ("1.json", b"[1]"), ("2.json", b'{"a": "\\ud800"}'),
            ("3.json", b'{"%s": 1}' % (b"n" * 2000)), ("4.json", b'{"good": 1}'),
        )
    )  # fmt: skip
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (8, 4)
    assert bench.skipped().keys() == {f"{number}.json" for number in range(4)}
    assert bench.collection.record("a.tar/4.jpg").metadata["good"] == 1


def test_sidecars_together_have_a_limit(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecars, "_MAX_ALL_BYTES", 1000)
    path = tmp_path / "a.tar"
    texts = [(f"{seed}.txt", b"red " * 100) for seed in range(8)]
    path.write_bytes(tar_of(*((name, picture_bytes(3)) for name in NAMES), *texts))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (8, 1)
    assert "those from 2.txt on were not read; split the archive" in bench.skipped()["(sidecars)"]
