"""The document of all figures has what each measurement printed, or why it failed."""

import json
import sys
from pathlib import Path

import pytest

from experiments.speed import every_figure
from experiments.speed.__main__ import _MODULES
from experiments.speed.every_figure import _QUICK, MEASUREMENTS, Measurement, document, measured


def test_every_measurement_is_one_of_the_bench_and_has_a_small_form() -> None:
    assert set(MEASUREMENTS) == set(_QUICK)
    assert {name.partition("-mini")[0] for name in MEASUREMENTS} <= set(_MODULES)


def test_one_that_fails_is_told_and_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"index-life": ("A life", "--nonsense"), "peers": ("Others", _QUICK["peers"])}
    monkeypatch.setattr(every_figure, "MEASUREMENTS", wrong)
    to = tmp_path / "performance.md"
    monkeypatch.setattr(sys, "argv", ["all", "--to", str(to)])
    wrong["peers"] = ("Others", "--count 3000 --dimension 64 --queries 5 --without usearch")
    with pytest.raises(SystemExit) as ended:
        every_figure.main()
    assert ended.value.code
    text = to.read_text()
    assert "It failed: scripts/bench index-life: error: unrecognized arguments: --nonsense" in text
    assert "| Binocle, tuned to 0.95 |" in text
    first, second = json.loads(to.with_suffix(".json").read_text())["measurements"]
    assert (first["printed"], bool(first["failed"])) == ("", True)
    assert (second["name"], second["failed"]) == ("peers", "")


def test_what_was_measured_before_on_this_machine_stays_beside_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "performance.md"

    def part(name: str) -> str:
        monkeypatch.setattr(sys, "argv", ["all", "--only", name, "--to", str(to)])
        with pytest.raises(SystemExit):
            every_figure.main()
        return to.read_text()

    def told(name: str, title: str, arguments: str) -> Measurement:
        return Measurement(name, title, arguments, 1.0, (0.0, 0.0), "told", "", "2026-11-30")

    two = {"search": ("Searching", ""), "lines": ("Lines", "")}
    monkeypatch.setattr(every_figure, "MEASUREMENTS", two)
    monkeypatch.setattr(every_figure, "measured", told)
    assert "Not measured on this machine: search." in part("lines")
    both = part("search")
    assert both.index("## Searching") < both.index("## Lines")
    assert "Not measured" not in both
    machine = every_figure.machine()
    monkeypatch.setattr(every_figure, "machine", lambda: machine | {"cores": 1024})
    assert "## Lines" not in part("search")


def test_the_machine_and_the_command_are_named() -> None:
    told = document([measured("peers", "Others", "--help")])
    assert "scripts/bench peers --help" in told
    assert "Python 3" in told
    assert "## Others" in told
