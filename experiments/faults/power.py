"""Trials with power cuts: an ext4 in a file, copied while the program stands still.

What a copy of the file holds is what is on the device; what the system would still have written is
lost with it. Mounting the copy replays the journal, as the start after a cut does. Needs root and
loop mounts.
"""

import random
import subprocess
from pathlib import Path

from experiments.faults.devices import Cutter, formatted, mounted
from experiments.faults.scenes import CALLS, SCENES, Scene, emptied
from experiments.faults.shim import STOP, Fault, FaultPlan
from experiments.faults.trials import Result
from experiments.faults.verification import broken_after
from experiments.faults.warm import WarmProgram


def power_trial(warm: WarmProgram, folder: Path, seed: int) -> Result:
    """Cut the power at a random moment; return what the program makes of what is left.

    Args:
        warm: Starts the program.
        folder: Where devices and mounts are made.
        seed: Chooses what is done and when it ends: at a call of the program, before it is made,
            or some milliseconds after one.
    """
    rng = random.Random(f"power {seed}")
    name = rng.choice(list(SCENES))
    at = 1 + int(CALLS[name] * rng.random() ** 1.5)
    is_exact = rng.random() < 0.5
    fault = Fault(at, at, STOP, rng.choice([0, 500])) if is_exact else Fault()
    delay_s = 0.0 if is_exact else rng.random() * 0.2
    emptied(folder)
    device, copy = folder / "device", folder / "copy"
    with FaultPlan(folder / "plan") as plan:
        with mounted(formatted(device), folder / "mount") as mount:
            scene = Scene(warm, mount / "home", folder, plan, fault, rng)
            scene.home.mkdir()
            subprocess.run(["sync", "-f", mount], check=True)
            cutter = Cutter(scene, device, copy, 0 if is_exact else at, delay_s)
            cutter.start()
            try:
                SCENES[name](scene)
            finally:
                cutter.end()
                if scene.child is not None:
                    scene.child.end()
        promises = cutter.promises
        assert promises is not None
        with mounted(copy, folder / "mount") as mount:
            scene.problems += broken_after(scene, mount / "home", promises)
        moment = f"before call {at}" if is_exact else f"{1000 * delay_s:.0f} ms after call {at}"
        has_fired = plan.count >= at
    return Result(
        "power",
        seed,
        name,
        f"a cut {moment}",
        has_fired,
        promises.acknowledged,
        scene.refused,
        tuple(scene.problems),
    )
