"""What the program has promised: for each record, the states it may be found in."""

import io
import threading
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

_SIZE = (48, 32)


@dataclass(frozen=True, slots=True)
class Content:
    """What a record holds.

    Attributes:
        version: Its metadata field ``v``.
        picture: Which picture it has, for ``picture_bytes``; None for none.
        title: Its text; None for none.
    """

    version: int
    picture: int | None
    title: str | None


State: TypeAlias = Content | None  # None: it is not there


class Promises:
    """The states that records may be in. Thread-safe.

    What is acknowledged is the one state; what was asked for and not acknowledged may have come to
    pass or not, so each of those states may be found.
    """

    def __init__(self) -> None:
        self._states: dict[str, set[State]] = {}
        self._lock = threading.Lock()
        self.acknowledged = 0
        self.declared: set[str | None] = {None}

    def attempt(self, record_id: str, state: State) -> None:
        """Note what is about to be asked for."""
        with self._lock:
            self._states.setdefault(record_id, {None}).add(state)

    def acknowledge(self, record_id: str, state: State) -> None:
        """Note what was answered to be so."""
        with self._lock:
            self._states[record_id] = {state}
            self.acknowledged += 1

    def states(self) -> dict[str, frozenset[State]]:
        """Return the states each record may be in."""
        with self._lock:
            return {one: frozenset(states) for one, states in self._states.items()}

    def likely(self, record_id: str) -> State:
        """Return the state of a record whose last request was answered; else one of them."""
        with self._lock:
            states = self._states.get(record_id, {None})
            return next((one for one in states if one is not None), None)

    def copy(self) -> "Promises":
        """Return the promises as of now."""
        other = Promises()
        with self._lock:
            other._states = {one: set(states) for one, states in self._states.items()}
            other.acknowledged = self.acknowledged
            other.declared = set(self.declared)
        return other


def picture_bytes(number: int) -> bytes:
    """Return a small PNG of blocks of colour, different for every number."""
    rng = np.random.default_rng(number)
    blocks = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize(_SIZE, Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
