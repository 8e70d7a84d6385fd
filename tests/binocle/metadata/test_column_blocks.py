"""Blocks of a column: first values, further ones, and what one double cannot hold."""

import numpy as np
import pytest

from binocle.metadata.column_blocks import BLOCK, Block, Entries, split
from binocle.metadata.filters import Near
from binocle.metadata.string_dictionary import NONE, CodeSet
from binocle.types import Int64Array

NOWHERE: Int64Array = np.empty(0, np.int64)


def entries(
    texts: list[tuple[int, int, bool]] | None = None,
    numbers: list[tuple[int, float, int]] | None = None,
    places: list[tuple[int, float, float]] | None = None,
) -> Entries:
    """Return entries of texts (row, code, whether listed), numbers with residues, and points."""
    texts, numbers, places = texts or [], numbers or [], places or []
    return Entries(
        np.array([one[0] for one in (*texts, *numbers)], np.int64),
        np.array([*(one[1] for one in texts), *(NONE for _ in numbers)], np.int32),
        np.array([*(np.nan for _ in texts), *(one[1] for one in numbers)], np.float64),
        np.array([*(0 for _ in texts), *(one[2] for one in numbers)], np.int16),
        np.array([*(one[2] for one in texts), *(False for _ in numbers)], np.bool_),
        np.array([one[0] for one in places], np.int64),
        np.array([one[1:] for one in places], np.float64).reshape(-1, 2),
    )


def test_any_string_of_a_row_counts_and_lists_may_count_otherwise() -> None:
    own = entries(texts=[(1, 4, False), (2, 7, True), (2, 4, True), (3, 9, True)])
    texts = Block().replaced(NOWHERE, own).texts
    assert texts is not None
    assert np.flatnonzero(texts.mask(CodeSet(4, 5), None)).tolist() == [1, 2]
    assert np.flatnonzero(texts.mask(CodeSet(7, 8), None)).tolist() == [2]
    in_lists = texts.mask(CodeSet(4, 5), CodeSet(7, 10))
    assert np.flatnonzero(in_lists).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("operator", "rows"),
    [("eq", [2]), ("lt", [1, 3]), ("lte", [1, 2, 3]), ("gt", [3]), ("gte", [2, 3])],
)
def test_whole_numbers_that_are_no_doubles_are_compared_exactly(
    operator: str, rows: list[int]
) -> None:
    own = entries(numbers=[(1, 2.0**53, 0), (2, 2.0**53, 1), (3, 2.0**60, 0), (3, 5.0, 0)])
    numbers = Block().replaced(NOWHERE, own).numbers
    assert numbers is not None
    assert np.flatnonzero(numbers.mask(operator, [split(2**53 + 1)])).tolist() == rows


def test_a_number_is_split_into_a_double_and_what_is_missing() -> None:
    assert [split(one) for one in (2.5, True, 2**53 + 1, -(2**53) - 1, 2**62)] == [
        (2.5, 0), (1.0, 0), (2.0**53, 1), (-(2.0**53), -1), (2.0**62, 0),
    ]  # fmt: skip


def test_places_are_those_within_the_distance() -> None:
    places = Block().replaced(NOWHERE, entries(places=[(1, 48, 11), (2, 48.5, 11)])).places
    assert places is not None
    assert np.flatnonzero(places.mask(Near(48, 11, 10_000))).tolist() == [1]
    assert np.flatnonzero(places.mask(Near(48, 11, 60_000))).tolist() == [1, 2]
    assert np.flatnonzero(places.mask(Near(48, 12, 60_000))).tolist() == []


def test_touched_rows_have_their_new_values_only_and_the_old_block_stays() -> None:
    old = Block().replaced(
        NOWHERE,
        entries([(1, 4, True), (1, 5, True), (2, 4, False)], [(3, 1, 0), (3, 2, 0)], [(4, 1, 1)]),
    )
    new = old.replaced(np.array([1, 3, 4]), entries([(1, 6, False)], [(4, 9, 0)]))
    assert np.flatnonzero(old.present()).tolist() == [1, 2, 3, 4]
    assert np.flatnonzero(new.present()).tolist() == [1, 2, 4]
    assert new.texts is not None
    assert new.numbers is not None
    assert np.flatnonzero(new.texts.mask(CodeSet(4, 6), None)).tolist() == [2]
    assert np.flatnonzero(new.numbers.mask("gte", [(1, 0)])).tolist() == [4]
    assert new.places is not None
    assert np.isnan(new.places.latitudes).all()


def test_entries_go_to_their_blocks_and_what_lies_beyond_is_left_out() -> None:
    own = entries(
        [(BLOCK + 2, 1, False), (0, 2, False), (2 * BLOCK, 3, False)],
        [(BLOCK - 1, 5, 0)],
        [(BLOCK, 1, 2)],
    )
    first, second = own.by_block(2)
    assert (first.ids.tolist(), second.ids.tolist()) == ([0, BLOCK - 1], [BLOCK + 2])
    assert (first.place_ids.tolist(), second.place_ids.tolist()) == ([], [BLOCK])
    assert second.codes.tolist() == [1]
