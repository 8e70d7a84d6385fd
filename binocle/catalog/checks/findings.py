"""What an examination finds, one sentence each, with what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["damage", "fact"]
Repair: TypeAlias = Literal[
    "mark", "schema", "metadata", "words", "ledger", "indices", "queries",
    "uploads", "orphans", "derived", "temporary", "permissions", "traces",
    "fingerprints", "facts", "move",
]  # fmt: skip
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        check: Stable code of the check that found it.
        message: What is so.
        remedy: What to do; empty where nothing need be done.
        level: ``damage``, or a ``fact`` that somebody may want to know.
        repair: What would mend it safely; None for nothing.
    """

    check: str
    message: str
    remedy: str = ""
    level: Level = "damage"
    repair: Repair | None = None


def fact(check: str, message: str, remedy: str = "", repair: Repair | None = None) -> Finding:
    """Return what is no damage."""
    return Finding(check, message, remedy, "fact", repair)


def some(names: Iterable[object], total: int | None = None) -> str:
    """Return the first few of many as text: ``3: a, b, c`` or ``40, such as a, b, c``."""
    listed: Sequence[object] = list(names)
    count = len(listed) if total is None else total
    shown = ", ".join(map(str, listed[:_SHOWN]))
    return f"{count:,}: {shown}" if count <= _SHOWN else f"{count:,}, such as {shown}"
