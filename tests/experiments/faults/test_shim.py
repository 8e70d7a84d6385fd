"""Faults befall the call they are planned for, with the library and with its stand-in."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.faults.shim import KILL, Fault, FaultPlan
from tests.support import ROOT

_PROGRAM = """
import ctypes, os, sqlite3, sys, time
from pathlib import Path
from experiments.faults import stand_in
state, folder = sys.argv[1:]
if "LD_PRELOAD" in os.environ:
    assert ctypes.CDLL(None).faults_watch(state.encode(), folder.encode()) == 0
else:
    stand_in.watch(Path(state), folder)
try:
    database = sqlite3.connect(folder + "/database")
    for number in range(5):
        with database:
            database.execute("create table if not exists numbers (n)")
        os.mkdir(f"{folder}/{number}")
except (OSError, sqlite3.Error) as error:
    print(error)
print(int(time.time()))
"""


def run(shim: Path | None, plan: FaultPlan, folder: Path) -> "subprocess.CompletedProcess[str]":
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if shim is not None:
        environment["LD_PRELOAD"] = str(shim)
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, plan.path, folder],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(params=["shim", "stand-in"])
def maker(request: pytest.FixtureRequest, shim: Path | None) -> Path | None:
    return shim if request.param == "shim" else None


def test_calls_are_counted_and_the_planned_one_fails(maker: Path | None, tmp_path: Path) -> None:
    with FaultPlan(tmp_path / "plan") as plan:
        assert len(run(maker, plan, tmp_path / "a").stdout.splitlines()) == 1
        calls = plan.count
        assert calls >= 5
        told = set()
        for number in range(1, calls + 1, max(1, calls // 6)):
            plan.set(Fault(number, number, errno.ENOSPC))
            ended = run(maker, plan, tmp_path / str(number))
            assert ended.returncode == 0, ended.stderr
            told.add(ended.stdout)
            assert plan.fired == 1
        plan.set(Fault(calls + 1, calls + 1, errno.ENOSPC))
        run(maker, plan, tmp_path / "b")
        assert plan.fired == 0
    assert any("disk is full" in one or "Errno 28" in one for one in told)


def test_process_is_killed_at_a_call(maker: Path | None, tmp_path: Path) -> None:
    with FaultPlan(tmp_path / "plan") as plan:
        plan.set(Fault(3, 3, KILL))
        assert run(maker, plan, tmp_path / "a").returncode == -9
        assert plan.count == 3


def test_clock_goes_back(shim: Path | None, tmp_path: Path) -> None:
    with FaultPlan(tmp_path / "plan") as plan:
        before = int(run(shim, plan, tmp_path / "a").stdout)
        plan.set(Fault(clock_at=2, clock_s=-86400))
        went_back_by = before - int(run(shim, plan, tmp_path / "b").stdout)
    assert shim is None or 86000 < went_back_by < 86401


def test_plan_that_is_cleared_while_a_call_is_counted_stays_cleared(tmp_path: Path) -> None:
    class Cleared(FaultPlan):
        def _values(self) -> tuple[int, ...]:
            values = super()._values()
            self.clear()
            return values

    with FaultPlan(tmp_path / "plan") as plan, Cleared(tmp_path / "plan") as cleared:
        plan.set(Fault(1, 1 << 40, errno.EIO))
        assert cleared.due() == errno.EIO
        assert (plan.count, plan.fired) == (1, 1)
        assert plan.due() == 0
        assert (plan.count, plan.fired) == (2, 1)
