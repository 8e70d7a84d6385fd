"""What the program does while faults befall it: the service, runs of the indexer, a migration."""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.faults.older import make_older
from experiments.faults.promises import Content, Promises, picture_bytes
from experiments.faults.shim import Fault, FaultPlan
from experiments.faults.visitor import COLLECTION, PICTURES, Visitor
from experiments.faults.warm import Child, WarmProgram, serving

_STEPS, _STEPS_AFTERWARDS, _OLDER_STEPS = 8, 3, 6
_KILLED = -9


@dataclass(slots=True)
class Scene:
    """One trial's program and what is known of it.

    Attributes:
        warm: Starts processes.
        home: The data home; faults befall what is below it.
        beside: A folder for what the trial needs apart from it.
        plan: The fault, as the program reads it.
        fault: What is planned once the scene is prepared.
        rng: Chooses what is done.
        promises: What the program has acknowledged.
        problems: What should not have happened.
        refused: How much was answered with an error.
        child: The process that runs now.
        unwanted: Records that were to be removed by hand; where they were, no run brings them back.
    """

    warm: WarmProgram
    home: Path
    beside: Path
    plan: FaultPlan
    fault: Fault
    rng: random.Random
    promises: Promises = field(default_factory=Promises)
    problems: list[str] = field(default_factory=list)
    refused: int = 0
    child: Child | None = None
    unwanted: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """The collection's folder."""
        return self.home / "collections" / COLLECTION


def run_service(scene: Scene) -> None:
    """Store, change, remove and search over HTTP."""
    scene.plan.set(scene.fault)
    _visit(scene, _STEPS)


def run_migration(scene: Scene) -> None:
    """Open a catalogue of an older format, over HTTP."""
    _visit(scene, _OLDER_STEPS, undisturbed=True)
    make_older(scene.folder)
    scene.promises.declared = {None}
    scene.plan.set(scene.fault)
    _visit(scene, _STEPS_AFTERWARDS)


def run_indexing(scene: Scene) -> None:
    """Index a folder, change it, index it again, remove a record."""
    photos = scene.beside / "photos"
    photos.mkdir()
    numbers = scene.rng.sample(range(PICTURES), 8)
    for number in numbers[:6]:
        (photos / f"{number}.png").write_bytes(picture_bytes(number))
    scene.plan.set(scene.fault)
    index = ["index", str(photos), "-c", COLLECTION, "--model", "colour"]
    if not _commanded(scene, index, lambda: _attempt(scene, photos)):
        return
    (photos / f"{numbers[0]}.png").unlink()
    (photos / f"{numbers[1]}.png").write_bytes(picture_bytes(numbers[6]))
    (photos / f"{numbers[7]}.png").write_bytes(picture_bytes(numbers[7]))
    if not _commanded(scene, index, lambda: _attempt(scene, photos)):
        return
    gone = f"photos/{numbers[2]}.png"
    scene.unwanted.add(gone)
    if not _commanded(scene, ["remove", "-c", COLLECTION, gone], lambda: {gone: None}):
        return
    scene.plan.clear()
    (photos / f"{numbers[3]}.png").write_bytes(picture_bytes(numbers[1]))
    known = len(scene.problems), scene.refused
    _commanded(scene, index, lambda: _attempt(scene, photos))
    if (len(scene.problems), scene.refused) != known:
        scene.problems.append("the fault is gone, and indexing fails all the same")


def resume(scene: Scene) -> bool:
    """Index once more after a scene that may have been cut short; return whether it was one."""
    photos = scene.beside / "photos"
    if not photos.is_dir():
        return False
    index = ["index", str(photos), "-c", COLLECTION, "--model", "colour"]
    if not _commanded(scene, index, lambda: _attempt(scene, photos)) or scene.refused:
        scene.problems.append("what was cut short cannot be indexed again")
    return True


SCENES: dict[str, Callable[[Scene], None]] = {
    "service": run_service,
    "indexing": run_indexing,
    "migration": run_migration,
}
CALLS = {"service": 250, "indexing": 250, "migration": 150}
"""About how many changes a scene makes below its home."""


def _visit(scene: Scene, steps: int, *, undisturbed: bool = False) -> None:
    """Run the service and make requests, and a few more when the fault is gone."""
    plan = None if undisturbed else scene.plan.path
    with serving(scene.warm, scene.home, plan=plan) as served:
        scene.child = None if undisturbed else served.child
        if not served.is_ready():
            _judge(scene, served.child)
            return
        visitor = Visitor(served.url, scene.promises, scene.rng)
        visitor.make_collection()
        for _ in range(steps):
            if not visitor.is_gone:
                visitor.step()
        refused = len(visitor.refusals)
        scene.plan.clear()
        for _ in range(_STEPS_AFTERWARDS):
            if not visitor.is_gone:
                visitor.step()
        for refusal in visitor.refusals[refused:]:
            said = served.child.printed()[-600:]
            scene.problems.append(f"refused although the fault is gone: {refusal}; {said}")
        visitor.close()
        scene.problems += visitor.problems
        scene.refused += refused
        if "Traceback" in served.child.printed():
            scene.problems.append(f"the service says {served.child.printed()[-3000:]}")


def _judge(scene: Scene, child: Child) -> None:
    """Look at a process that has ended: only a fault may be the reason, told in one line."""
    if child.code() is None:  # it was stopped, and will be killed
        return
    code, printed = child.wait(), child.printed()
    if code == _KILLED:
        return
    scene.refused += 1
    errors = [line for line in printed.splitlines() if line.startswith("Error: ")]
    if code != 1 or len(errors) != 1 or "Traceback" in printed or "unexpected" in printed:
        scene.problems.append(f"exit code {code}: {printed[-1500:]}")


def _commanded(
    scene: Scene, arguments: Sequence[str], wanted: Callable[[], dict[str, Content | None]]
) -> bool:
    """Run a command; what it promises is told by ``wanted``; return whether it was not killed."""
    states = wanted()
    for record_id, state in states.items():
        scene.promises.attempt(record_id, state)
    child = scene.child = scene.warm.start(arguments, scene.home, plan=scene.plan.path)
    code = child.wait()
    if code == 0:
        for record_id, state in states.items():
            scene.promises.acknowledge(record_id, state)
    else:
        _judge(scene, child)
    return code != _KILLED


def _attempt(scene: Scene, photos: Path) -> dict[str, Content | None]:
    """Return what a run over a folder should make of the records there are and shall be."""
    by_bytes = {picture_bytes(number): number for number in range(PICTURES)}
    wanted: dict[str, Content | None] = dict.fromkeys(scene.promises.states())
    for path in photos.iterdir():
        wanted[f"{photos.name}/{path.name}"] = Content(0, by_bytes[path.read_bytes()], None)
    return {one: state for one, state in wanted.items() if one not in scene.unwanted}


def emptied(folder: Path) -> Path:
    """Return a folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
