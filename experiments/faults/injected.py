"""Trials with faults that the shim makes: failing writes, a kill, a clock that goes back."""

import errno
import os
import random
import time
from pathlib import Path

from experiments.faults.scenes import CALLS, SCENES, Scene, emptied
from experiments.faults.shim import KILL, Fault, FaultPlan
from experiments.faults.trials import Result
from experiments.faults.verification import broken_after
from experiments.faults.warm import WarmProgram

KINDS = ("io", "kill", "clock")
_EVER = 1 << 40
_YEAR_S = 365 * 24 * 3600
_BACK_S = (10, 3600, 26 * 3600, 40 * 24 * 3600, 10 * _YEAR_S)


def injected_trial(warm: WarmProgram, folder: Path, kind: str, seed: int) -> Result:
    """Let a fault befall the program; return what came of it.

    Args:
        warm: Starts the program.
        folder: Where the trial's home is made, and removed when all is well.
        kind: One of ``KINDS``.
        seed: Chooses what is done and what goes wrong.
    """
    rng = random.Random(f"{kind} {seed}")
    name = rng.choice(list(SCENES))
    fault = _fault(kind, rng, CALLS[name])
    emptied(folder)
    (folder / "home").mkdir()
    with FaultPlan(folder / "plan") as plan:
        scene = Scene(warm, folder / "home", folder, plan, fault, rng)
        # Beside a migration a reader would do it in the other's place.
        follow = ["follow", str(scene.folder)] if name != "migration" else ["--version"]
        reader = warm.start(follow, scene.home)
        try:
            SCENES[name](scene)
            if kind == "clock":
                _age(scene.home, -fault.clock_s)
            scene.problems += broken_after(scene, scene.home, scene.promises)
            if reader.code():
                scene.problems.append(f"a reader beside it ended: {reader.printed()[-1500:]}")
        finally:
            reader.end()
        has_fired = plan.count >= fault.clock_at if kind == "clock" else plan.fired > 0
    return Result(
        kind,
        seed,
        name,
        _told(fault),
        has_fired,
        scene.promises.acknowledged,
        scene.refused,
        tuple(scene.problems),
    )


def _fault(kind: str, rng: random.Random, calls: int) -> Fault:
    first = 1 + int(calls * rng.random() ** 1.5)
    share = rng.choice([0, 500, 990])
    if kind == "kill":
        return Fault(first, first, KILL, share)
    if kind == "clock":
        return Fault(clock_at=first, clock_s=-rng.choice(_BACK_S))
    last = rng.choice([first, first, first + rng.randrange(30), _EVER])
    return Fault(first, last, rng.choice([errno.ENOSPC, errno.EIO]), share)


def _told(fault: Fault) -> str:
    if fault.clock_at:
        return f"the clock goes back by {-fault.clock_s} s at call {fault.clock_at}"
    what = "SIGKILL" if fault.error == KILL else errno.errorcode.get(fault.error, "SIGSTOP")
    span = f"call {fault.first}" if fault.last == fault.first else f"calls from {fault.first}"
    return f"{what} at {span}, {fault.share} thousandths written"


def _age(home: Path, by_s: int) -> None:
    """Let files be from the future, as those are that were written before the clock went back."""
    at = time.time() + by_s
    for path in home.rglob("*"):
        if path.is_file():
            os.utime(path, (at, at))
