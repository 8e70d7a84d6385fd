"""What ranking rules did to an order, told with the hits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Contribution, Int64Array

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moves:
    """What rules say of each row of a ranking.

    Attributes:
        places: ``(n,)`` int64, where each row stood without them, from 1; 0 where it did not.
        pins: ``(n,)`` int64, at which position it is pinned, from 1; 0 for none.
        names: Of the boosts.
        values: ``(n, b)`` float64, the value that each boost gives a row, 0 to 1.
        weights: ``(b,)`` float64.
    """

    places: Int64Array
    pins: Int64Array
    names: tuple[str, ...]
    values: Float64Array
    weights: Float64Array

    @classmethod
    def none(cls, count: int) -> "Moves":
        """Return what changes nothing, of so many rows."""
        places = np.arange(1, count + 1)
        return cls(places, np.zeros(count, np.int64), (), np.empty((count, 0)), np.empty(0))

    def only(self, rows: Int64Array | BoolArray) -> "Moves":
        """Return what is said of some of the rows, in the order given."""
        places, pins, values = self.places[rows], self.pins[rows], self.values[rows]
        return Moves(places, pins, self.names, values, self.weights)

    def and_rows(self, count: int) -> "Moves":
        """Return the same with further rows at the end that stood nowhere."""
        none = np.zeros(count, np.int64)
        values = np.vstack([self.values, np.zeros((count, len(self.names)))])
        places, pins = np.append(self.places, none), np.append(self.pins, none)
        return Moves(places, pins, self.names, values, self.weights)

    @property
    def size_bytes(self) -> int:
        """How much memory it takes."""
        return self.places.nbytes + self.pins.nbytes + self.values.nbytes

    @property
    def factors(self) -> Float64Array:
        """What each row counts among others that are as relevant, ``(n,)`` float64 above 0."""
        return np.asarray(np.prod(1.0 + self.values * self.weights, axis=1))

    def contributions(self, row: int) -> tuple[Contribution, ...]:
        """Return what is said of a row: its pin, then the boosts that move it, the most first."""
        place, pin = int(self.places[row]), int(self.pins[row])
        pinned = [Contribution("pin", place, float(pin), 0.0)] if pin else []
        boosts = [
            Contribution("boost", place, value, 0.0, name=name, factor=1.0 + value * weight)
            for name, value, weight in zip(
                self.names, self.values[row].tolist(), self.weights.tolist(), strict=True
            )
            if value > 0
        ]
        return (*pinned, *sorted(boosts, key=lambda one: -abs(one.factor - 1.0)))
