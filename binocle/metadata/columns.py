"""Metadata on arrays: one column a field, indexed by internal record id.

A column is cut into blocks of consecutive ids. A block is never changed: what a commit touches is
copied, the rest is shared, so a column as of an earlier change costs next to nothing to keep.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.metadata.column_blocks import (
    BLOCK,
    Block,
    Entries,
    NumberArray,
    Numbers,
    Places,
    ResidueArray,
    RowArray,
    Texts,
    split,
)
from binocle.metadata.field_types import FieldType
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Or
from binocle.metadata.string_dictionary import NONE, CodeArray, CodeSet, Dictionary
from binocle.types import BoolArray, Int64Array

_NO_ROWS: Int64Array = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Column:
    """A field's values. Immutable; its dictionary grows.

    Attributes:
        kind: The field's type, declared or inferred.
        dictionary: Its strings.
        blocks: Its values.
    """

    kind: FieldType
    dictionary: Dictionary
    blocks: tuple[Block, ...]

    @classmethod
    def filled(
        cls, kind: FieldType, dictionary: Dictionary, entries: Entries, highest: int
    ) -> "Column":
        """Make a column of all entries there are, for ids up to the highest."""
        count = highest // BLOCK + 1
        return cls(
            kind,
            dictionary,
            tuple(Block().replaced(_NO_ROWS, own) for own in entries.by_block(count)),
        )

    def replaced(
        self, kind: FieldType, touched: Int64Array, entries: Entries, highest: int
    ) -> "Column":
        """Return a column where some records have other values, or none any more."""
        blocks = list(self.blocks)
        blocks.extend(Block() for _ in range(highest // BLOCK + 1 - len(blocks)))
        for number, own in enumerate(entries.by_block(len(blocks))):
            rows = touched[touched // BLOCK == number] % BLOCK
            if len(rows):
                blocks[number] = blocks[number].replaced(rows, own)
        return Column(kind, self.dictionary, tuple(blocks))

    @property
    def held_bytes(self) -> dict[int, int]:
        """Bytes of its values, by what names them for as long as they live."""
        sorts = (one for block in self.blocks for one in (block.texts, block.numbers, block.places))
        return {id(one): _bytes_of(one) for one in sorts if one is not None}

    def mask(self, comparison: Comparison) -> BoolArray:
        """Return which records pass a comparison other than ``ne``, by internal id."""
        found = np.zeros(len(self.blocks) * BLOCK, np.bool_)
        operator, value = comparison.operator, comparison.value
        plain, words, numbers = self._wanted(operator, value)
        for number, block in enumerate(self.blocks):
            part = found[number * BLOCK : (number + 1) * BLOCK]
            if operator == "exists":
                part |= block.present()
            elif isinstance(value, Near):
                if block.places is not None:
                    part |= block.places.mask(value)
            else:
                if plain and block.texts is not None:
                    part |= block.texts.mask(plain, words)
                if numbers and block.numbers is not None:
                    part |= block.numbers.mask("eq" if operator == "in" else operator, numbers)
        return ~found if operator == "exists" and not value else found

    def present(self) -> BoolArray:
        """Return which records have a value or a point."""
        return np.concatenate([block.present() for block in self.blocks])

    def _wanted(
        self, operator: str, value: Any
    ) -> tuple[CodeSet, CodeSet | None, list[tuple[float, int]]]:
        """Return the strings that pass, those that do in a list, and the numbers to compare."""
        strings = self.dictionary
        nothing = CodeSet(0, 0)
        match operator:
            case "in":
                texts = [one for one in value if isinstance(one, str)]
                numbers = [split(one) for one in value if not isinstance(one, str)]
                return strings.equal_to(texts), None, numbers
            case "during":
                return strings.during(*value), None, []
            case "contains":
                parts = strings.containing(value)
                words = strings.with_words(value) if parts and self._has_lists() else None
                return parts, words, []
            case "near" | "exists":
                return nothing, None, []
        if not isinstance(value, str):
            return nothing, None, [split(value)]
        return self._compared(operator, value), None, []

    def _has_lists(self) -> bool:
        return any(one.texts is not None and one.texts.listed is not None for one in self.blocks)

    def _compared(self, operator: str, value: str) -> CodeSet:
        strings = self.dictionary
        following = value + "\0"  # the least string greater than this one
        match operator:
            case "eq":
                return strings.equal_to([value])
            case "lt":
                return strings.between(None, value)
            case "lte":
                return strings.between(None, following)
            case "gt":
                return strings.between(following, None)
            case "gte":
                return strings.between(value, None)
            case "prefix":
                return strings.prefixed(value)
        raise AssertionError(operator)

    def codes(self, ids: Int64Array) -> tuple[Int64Array, CodeArray]:
        """Return all strings of records: places in ``ids`` and codes, each pair once."""
        every = [block.texts for block in self.blocks]
        if all(one is None for one in every):
            return np.empty(0, np.int64), np.empty(0, np.int32)
        empty = np.full(BLOCK, NONE, np.int32)
        dense = np.concatenate([empty if one is None else one.codes for one in every])[ids]
        places, codes = _there(dense != NONE, dense)
        rows, more = _further(
            (number, one.rows, one.more) for number, one in enumerate(every) if one is not None
        )
        if not len(rows):
            return places, codes
        where, kept = _places_of(rows, ids)
        return np.concatenate([places, where]), np.concatenate([codes, more[kept]])

    def numbers(self, ids: Int64Array) -> tuple[Int64Array, NumberArray, ResidueArray]:
        """Return all numbers of records: places in ``ids``, numbers and residues, each once."""
        blocks = [block.numbers for block in self.blocks]
        if all(one is None for one in blocks):
            return np.empty(0, np.int64), np.empty(0), np.empty(0, np.int16)
        empty = np.full(BLOCK, np.nan)
        dense = np.concatenate([empty if one is None else one.values for one in blocks])[ids]
        places, values = _there(~np.isnan(dense), dense)
        residues = np.zeros(len(ids), np.int16)
        if any(one is not None and one.residues is not None for one in blocks):
            none = np.zeros(BLOCK, np.int16)
            every = [
                none if one is None or one.residues is None else one.residues for one in blocks
            ]
            residues = np.concatenate(every)[ids]
        residues = residues[places] if len(places) < len(ids) else residues
        rows, more = _further(
            (number, one.rows, one.more) for number, one in enumerate(blocks) if one is not None
        )
        if not len(rows):
            return places, values, residues
        _, more_residues = _further(
            (number, one.rows, one.more_residues)
            for number, one in enumerate(blocks)
            if one is not None
        )
        where, kept = _places_of(rows, ids)
        return (
            np.concatenate([places, where]),
            np.concatenate([values, more[kept]]),
            np.concatenate([residues, more_residues[kept].astype(np.int16)]),
        )


def distinct_numbers(
    numbers: NumberArray, residues: ResidueArray
) -> tuple[NumberArray, ResidueArray, Int64Array]:
    """Return the distinct numbers, ascending, with residues, and which of them each one is."""
    # without residues, the order of equal ones makes no difference
    order = np.lexsort((residues, numbers)) if residues.any() else np.argsort(numbers)
    numbers, residues = numbers[order], residues[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (numbers[1:] != numbers[:-1]) | (residues[1:] != residues[:-1])
    which = np.empty(len(order), np.int64)
    which[order] = np.cumsum(new) - 1
    return numbers[new], residues[new], which


def _further(
    parts: Iterable[tuple[int, RowArray, npt.NDArray[Any]]],
) -> tuple[Int64Array, npt.NDArray[Any]]:
    """Return the further values of all blocks: record ids and values."""
    found = [(rows.astype(np.int64) + number * BLOCK, more) for number, rows, more in parts]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])


def _places_of(rows: Int64Array, ids: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Return where in ``ids`` some records are, and which of them are there."""
    if not len(rows) or not len(ids):
        return np.empty(0, np.int64), np.zeros(len(rows), np.bool_)
    table = np.full(1 + max(int(ids.max()), int(rows.max())), -1, np.int32)
    table[ids] = np.arange(len(ids), dtype=np.int32)
    places = table[rows]
    kept = places >= 0
    return places[kept].astype(np.int64), kept


def _there(present: BoolArray, dense: npt.NDArray[Any]) -> tuple[Int64Array, npt.NDArray[Any]]:
    """Return the places where there is something, and what is there."""
    if present.all():
        return np.arange(len(dense)), dense
    places = np.flatnonzero(present)
    return places, dense[places]


@dataclass(frozen=True, slots=True)
class Columns:
    """The records that there are and the columns loaded so far, as of one change. Immutable.

    Attributes:
        change: The change number.
        alive: ``(m,)`` by internal record id.
        by_field: The columns.
    """

    change: int
    alive: BoolArray
    by_field: dict[str, Column]

    @property
    def held_bytes(self) -> dict[int, int]:
        """Bytes of all its arrays, by what names them for as long as they live."""
        found = {id(self.alive): self.alive.nbytes}
        for column in tuple(self.by_field.values()):
            found |= column.held_bytes
        return found

    @property
    def highest(self) -> int:
        """An id no record is beyond."""
        return len(self.alive) - 1

    def lacks(self, fields: Iterable[str]) -> list[str]:
        """Return those fields that are not loaded."""
        return [name for name in dict.fromkeys(fields) if name not in self.by_field]

    def mask(self, where: Filter) -> BoolArray:
        """Return which records pass a filter on loaded fields, by internal id."""
        return np.asarray(self._mask(where) & self.alive)

    def _mask(self, where: Filter) -> BoolArray:
        match where:
            case And(clauses):
                every = np.ones(len(self.alive), np.bool_)
                for clause in clauses:
                    every &= self._mask(clause)
                return every
            case Or(clauses):
                some = np.zeros(len(self.alive), np.bool_)
                for clause in clauses:
                    some |= self._mask(clause)
                return some
            case Not(clause):
                return ~self._mask(clause)
            case Comparison(field, "ne", value):
                return ~self._mask(Comparison(field, "eq", value))
            case Comparison():
                return self.by_field[where.field].mask(where)


def _bytes_of(values: Texts | Numbers | Places) -> int:
    arrays = (getattr(values, one.name) for one in fields(values))
    return sum(one.nbytes for one in arrays if one is not None)
