"""The index beside others: what is asked of each is the same, and recall is against a scan."""

import sys

import pytest

from experiments.speed.indices import peers


def test_each_index_finds_what_a_scan_finds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--count", "3000", "--dimension", "64", "--queries", "20", "--without", "usearch"]
    monkeypatch.setattr(sys, "argv", ["peers", *options])
    peers.main()
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line][2:]
    recall = {row[1].strip(): float(row[3]) for row in rows}
    assert len(recall) == 6
    assert recall["Binocle, as it is"] >= recall["Binocle, tuned to 0.95"] > 0.8
    assert recall["FAISS HNSW, efSearch 256"] > 0.95
