"""Trials, their results as lines of JSON, and one table of them all."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial showed.

    Attributes:
        kind: The kind of fault.
        seed: With which it can be repeated.
        scene: What the program was doing.
        fault: What befell it, for a person.
        has_fired: Whether the fault came to pass; a trial that was over before shows less.
        acknowledged: How many changes the program had acknowledged.
        refused: How many requests or commands it refused.
        problems: What was wrong.
    """

    kind: str
    seed: int
    scene: str
    fault: str
    has_fired: bool
    acknowledged: int
    refused: int
    problems: tuple[str, ...]


def read_results(path: Path) -> list[Result]:
    """Return the results so far."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Result(**{**line, "problems": tuple(line["problems"])}) for line in lines]


def add_result(path: Path, result: Result) -> None:
    """Add a result to the others."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def table_of(results: Iterable[Result]) -> str:
    """Return counts by kind of fault and by what the program was doing, as a Markdown table."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for one in results:
        row = rows.setdefault((one.kind, one.scene), Counter())
        row.update(trials=1, fired=int(one.has_fired), with_problems=int(bool(one.problems)))
        row.update(acknowledged=one.acknowledged, refused=one.refused)
    names = ("trials", "fired", "acknowledged", "refused", "with_problems")
    lines = ["| fault | during | trials | came to pass | acknowledged | refused | problems |"]
    lines.append("|---|---|---|---|---|---|---|")
    for (kind, scene), row in sorted(rows.items()):
        lines.append(f"| {kind} | {scene} | {' | '.join(str(row[one]) for one in names)} |")
    return "\n".join(lines)
