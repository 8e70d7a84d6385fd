"""Blocks of a column: the values of a few ten thousand records on arrays, never changed.

A record's first string and first number lie in dense arrays; the further values of lists lie
beside them as pairs of row and value. Numbers are doubles, and where a whole number is none, a
small residue says by how much it differs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from binocle.metadata.filters import Near, is_near
from binocle.metadata.points import EARTH_RADIUS_M
from binocle.metadata.string_dictionary import NONE, CodeArray, CodeSet
from binocle.types import BoolArray, Int64Array, Scalar

BLOCK = 1 << 16
EXACT = 2.0**53  # smaller whole numbers are doubles

RowArray = npt.NDArray[np.int32]
NumberArray = npt.NDArray[np.float64]
ResidueArray = npt.NDArray[np.int16]
_Value = TypeVar("_Value", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Texts:
    """The strings of a block.

    Attributes:
        codes: ``(BLOCK,)``, ``NONE`` for no string.
        listed: ``(BLOCK,)``, whether they are elements of a list; None for nowhere.
        rows: ``(n,)`` rows of the further strings.
        more: ``(n,)`` their codes.
    """

    codes: CodeArray
    listed: BoolArray | None
    rows: RowArray
    more: CodeArray

    def mask(self, plain: CodeSet, words: CodeSet | None) -> BoolArray:
        """Return the rows with a string in a set; another set may count for lists."""
        if words is None or self.listed is None:
            found = plain.has(self.codes)
            hits = self.rows[plain.has(self.more)]
        else:
            found = words.has(self.codes) & self.listed
            hits = self.rows[words.has(self.more)]  # only lists have more than one string
            others = ~self.listed & (self.codes != NONE)
            if others.any():
                found |= plain.has(self.codes) & others
        if len(hits):
            found[hits] = True
        return found


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a block.

    Attributes:
        values: ``(BLOCK,)`` float64, NaN for no number.
        residues: ``(BLOCK,)`` int16, what to add to be exact; None for nothing anywhere.
        rows: ``(n,)`` rows of the further numbers.
        more: ``(n,)`` those.
        more_residues: ``(n,)``.
    """

    values: NumberArray
    residues: ResidueArray | None
    rows: RowArray
    more: NumberArray
    more_residues: ResidueArray

    def mask(self, operator: str, wanted: Sequence[tuple[float, int]]) -> BoolArray:
        """Return the rows with a number that passes a comparison with any of some numbers."""
        found = _compare(self.values, self.residues, operator, wanted)
        if len(self.rows):
            hits = self.rows[_compare(self.more, self.more_residues, operator, wanted)]
            found[hits] = True
        return found


@dataclass(frozen=True, slots=True)
class Places:
    """The points of a block in degrees, NaN for none: two ``(BLOCK,)`` float64."""

    latitudes: NumberArray
    longitudes: NumberArray

    def mask(self, near: Near) -> BoolArray:
        """Return the rows with a point within a distance."""
        # A belt of latitudes leaves few to compute; it is wider than rounding.
        reach = np.degrees(near.radius_m / EARTH_RADIUS_M) * (1 + 1e-9) + 1e-9
        found: BoolArray = np.abs(self.latitudes - near.latitude) <= reach
        rows = np.flatnonzero(found)
        found[rows] = is_near(self.latitudes[rows], self.longitudes[rows], near)
        return found


@dataclass(frozen=True, slots=True)
class Block:
    """The values of ``BLOCK`` consecutive ids; None where there are none of a sort."""

    texts: Texts | None = None
    numbers: Numbers | None = None
    places: Places | None = None

    def present(self) -> BoolArray:
        """Return the rows with any value."""
        found = np.zeros(BLOCK, np.bool_)
        if self.texts is not None:
            found |= self.texts.codes != NONE
        if self.numbers is not None:
            found |= ~np.isnan(self.numbers.values)
        if self.places is not None:
            found |= ~np.isnan(self.places.latitudes)
        return found

    def replaced(self, touched: Int64Array, entries: "Entries") -> "Block":
        """Return a block where the touched rows have other values."""
        return Block(
            _texts(self.texts, touched, entries),
            _numbers(self.numbers, touched, entries),
            _placed(self.places, touched, entries),
        )


@dataclass(frozen=True, slots=True)
class Entries:
    """Values of records on the way into a column.

    Attributes:
        ids: ``(n,)`` internal record ids of strings and numbers, in any order.
        codes: ``(n,)``, ``NONE`` for a number.
        numbers: ``(n,)``, NaN for a string.
        residues: ``(n,)``.
        listed: ``(n,)`` whether a string is an element of a list.
        place_ids: ``(m,)`` ids of records with a point, each once.
        places: ``(m, 2)`` latitudes and longitudes.
    """

    ids: Int64Array
    codes: CodeArray
    numbers: NumberArray
    residues: ResidueArray
    listed: BoolArray
    place_ids: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    places: NumberArray = field(default_factory=lambda: np.empty((0, 2)))

    def by_block(self, count: int) -> Iterator["Entries"]:
        """Yield the entries of each of so many blocks; what lies beyond is left out."""
        edges = np.arange(count + 1)
        block, placed = (ids // BLOCK for ids in (self.ids, self.place_ids))
        order = np.argsort(block.astype(np.uint16), kind="stable")  # of 16 bits: a radix sort
        order_placed = np.argsort(placed.astype(np.uint16), kind="stable")
        starts = np.searchsorted(block[order], edges)
        starts_placed = np.searchsorted(placed[order_placed], edges)
        for number in range(count):
            own = order[starts[number] : starts[number + 1]]
            there = order_placed[starts_placed[number] : starts_placed[number + 1]]
            yield Entries(
                self.ids[own],
                self.codes[own],
                self.numbers[own],
                self.residues[own],
                self.listed[own],
                self.place_ids[there],
                self.places[there],
            )


def split(value: Scalar) -> tuple[float, int]:
    """Return a number as a double and what is missing to be exact."""
    assert not isinstance(value, str)
    if isinstance(value, float):
        return value, 0
    near = float(value)
    return near, int(value) - int(near)


def _compare(
    values: NumberArray,
    residues: ResidueArray | None,
    operator: str,
    wanted: Sequence[tuple[float, int]],
) -> BoolArray:
    if operator == "eq" and len(wanted) > 1 and residues is None:
        return np.isin(values, [number for number, residue in wanted if not residue])
    found: BoolArray | None = None
    for number, residue in wanted:
        one = _compare_one(values, residues, operator, number, residue)
        found = one if found is None else found | one
    assert found is not None
    return found


def _compare_one(
    values: NumberArray, residues: ResidueArray | None, operator: str, number: float, residue: int
) -> BoolArray:
    if residues is None and not residue:
        test = {"eq": np.equal, "lt": np.less, "lte": np.less_equal,
                "gt": np.greater, "gte": np.greater_equal}[operator]  # fmt: skip
        return np.asarray(test(values, number))
    exact: Any = 0 if residues is None else residues
    ties = values == number
    equal = ties & (exact == residue)
    match operator:
        case "eq":
            return np.asarray(equal)
        case "lt" | "lte":
            below = (values < number) | (ties & (exact < residue))
            return np.asarray(below if operator == "lt" else below | equal)
    above = (values > number) | (ties & (exact > residue))
    return np.asarray(above if operator == "gt" else above | equal)


def _texts(old: Texts | None, touched: Int64Array, entries: Entries) -> Texts | None:
    own = entries.codes != NONE
    if old is None and not own.any():
        return None
    rows = (entries.ids[own] % BLOCK).astype(np.int32)
    codes, listed = entries.codes[own], entries.listed[own]
    if not _are_distinct(rows):
        order = np.lexsort((codes, rows))
        rows, codes, listed = rows[order], codes[order], listed[order]
    first, further = _firsts(rows, codes)
    dense = _without(old.codes if old else None, touched, np.int32(NONE))
    flags = _without(old.listed if old else None, touched, np.False_)
    dense[rows[first]], flags[rows[first]] = codes[first], listed[first]
    more_rows, more = rows[further], codes[further]
    if old is not None:
        stays = ~np.isin(old.rows, touched)
        more_rows = np.concatenate([old.rows[stays], more_rows])
        more = np.concatenate([old.more[stays], more])
    return Texts(dense, flags if flags.any() else None, more_rows, more)


def _numbers(old: Numbers | None, touched: Int64Array, entries: Entries) -> Numbers | None:
    own = ~np.isnan(entries.numbers)
    if old is None and not own.any():
        return None
    rows = (entries.ids[own] % BLOCK).astype(np.int32)
    values, extra = entries.numbers[own], entries.residues[own]
    if not _are_distinct(rows):
        order = np.lexsort((extra, values, rows))
        rows, values, extra = rows[order], values[order], extra[order]
    first, further = _firsts(rows, values, extra)
    dense = _without(old.values if old else None, touched, np.float64(np.nan))
    residues = _without(old.residues if old else None, touched, np.int16(0))
    dense[rows[first]], residues[rows[first]] = values[first], extra[first]
    more_rows, more, more_extra = rows[further], values[further], extra[further]
    if old is not None:
        stays = ~np.isin(old.rows, touched)
        more_rows = np.concatenate([old.rows[stays], more_rows])
        more = np.concatenate([old.more[stays], more])
        more_extra = np.concatenate([old.more_residues[stays], more_extra])
    return Numbers(dense, residues if residues.any() else None, more_rows, more, more_extra)


def _placed(old: Places | None, touched: Int64Array, entries: Entries) -> Places | None:
    if old is None and not len(entries.place_ids):
        return None
    latitudes = _without(old.latitudes if old else None, touched, np.float64(np.nan))
    longitudes = _without(old.longitudes if old else None, touched, np.float64(np.nan))
    rows = entries.place_ids % BLOCK
    latitudes[rows], longitudes[rows] = entries.places[:, 0], entries.places[:, 1]
    return Places(latitudes, longitudes)


def _without(
    old: npt.NDArray[_Value] | None, touched: Int64Array, nothing: _Value
) -> npt.NDArray[_Value]:
    """Return a dense array to write to: the old values but for the touched rows, or nothing."""
    if old is None:
        return np.full(BLOCK, nothing)
    dense = old.copy()
    dense[touched] = nothing
    return dense


def _are_distinct(rows: RowArray) -> bool:
    """Tell whether each row comes once: then the order of values makes no difference."""
    return not len(rows) or int(np.bincount(rows).max()) == 1


def _firsts(
    rows: RowArray, *values: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where a row's first value stands, and its further, different ones; all sorted."""
    new_row = np.ones(len(rows), np.bool_)
    new_row[1:] = rows[1:] != rows[:-1]
    new_value = new_row.copy()
    for one in values:
        new_value[1:] |= one[1:] != one[:-1]
    return np.flatnonzero(new_row), np.flatnonzero(new_value & ~new_row)
