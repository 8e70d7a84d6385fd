"""Words, found by looking at every row."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from binocle.catalog import tokenizer
from binocle.catalog.text_rows import RECORD_SHIFT, RecordTexts, text_rows
from binocle.types import (
    Int64Array,
)
from tests.support.memory_catalog.state import MemoryState


class ScannedWords:
    """A full-text index that looks at every row."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def _rows(self, is_wanted: Any) -> Int64Array:
        found = [n for n, row in self._state.rows.items() if is_wanted(row.tokens, row.joined)]
        return np.array(sorted(found), np.int64)

    def rows_with(self, phrases: Sequence[Sequence[str]]) -> Int64Array:
        padded = [f" {' '.join(phrase)} " for phrase in phrases]
        return self._rows(
            lambda *columns: any(
                phrase in f" {' '.join(column)} " for phrase in padded for column in columns
            )
        )

    def rows_with_beginning(self, beginning: str) -> Int64Array:
        return self._rows(
            lambda *columns: any(one.startswith(beginning) for column in columns for one in column)
        )

    def rows_opening_with(self, token: str) -> Int64Array:
        return self._rows(lambda tokens, _: tokens[0] == token)

    def has_texts(self) -> bool:
        return self._state.has_texts

    def relatives(self, stem: str) -> list[str]:
        return sorted(one for one in self._state.vocabulary if tokenizer.stem(one) == stem)[:16]

    def known(self, candidates: Iterable[str]) -> set[str]:
        return set(candidates) & set(self._state.vocabulary)

    def words_after(self, number: int) -> tuple[int, list[str]]:
        return len(self._state.vocabulary), self._state.vocabulary[number:]

    def state(self) -> str:
        return str(self._state.change)

    def filled_share(self) -> float:
        return 1.0

    def put(self, records: Iterable[RecordTexts]) -> None:
        for record in records:
            self.remove([record.number])
            rows, has_texts = text_rows(record)
            self._state.has_texts |= has_texts
            self._state.rows.update((row.number, row) for row in rows)
            words = sorted({word for row in rows for word in row.words()})
            self._state.vocabulary += [one for one in words if one not in self._state.vocabulary]

    def remove(self, numbers: Sequence[int]) -> None:
        kept = {n: row for n, row in self._state.rows.items() if n >> RECORD_SHIFT not in numbers}
        self._state.rows = kept

    def follow(self, change: int) -> None:
        pass
