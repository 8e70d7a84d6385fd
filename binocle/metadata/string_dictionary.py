"""The distinct strings of a field, numbered: a column holds numbers instead of strings."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.metadata import filters
from binocle.metadata.day_numbers import date_numbers
from binocle.types import BoolArray, Int64Array

CodeArray = npt.NDArray[np.int32]
NONE = -1
_END = "\0"
_FEW = 0.1  # hits a string: with more it is faster to look up each string's end among the hits
_UNKNOWN = -2


@dataclass(frozen=True, slots=True)
class CodeSet:
    """Some of a dictionary's codes: a range, or a table of all with a False behind the last."""

    first: int
    end: int
    table: BoolArray | None = None

    def __bool__(self) -> bool:
        return self.table is not None or self.first < self.end

    def has(self, codes: CodeArray) -> BoolArray:
        """Return which of some codes are in the set; ``NONE`` never is."""
        if self.table is not None:
            return self.table[codes]
        if self.end - self.first == 1:
            return np.asarray(codes == np.int32(self.first))
        inside: BoolArray = codes >= np.int32(self.first)
        inside &= codes < np.int32(self.end)
        return inside


class Dictionary:
    """Strings and their codes. It only grows, so older readers are not disturbed.

    The strings it was made with have codes in their order, by code point; later ones have the
    codes behind, in order of arrival. One thread at a time may add.
    """

    def __init__(self, ordered: Sequence[str]) -> None:
        """Set up with distinct strings, ascending."""
        self._base = list(ordered)
        self._tail: list[str] = []
        self._added: dict[str, int] = {}
        self._dates: CodeArray = np.zeros(0, np.int32)
        self._folded: _Folded | None = None

    def __len__(self) -> int:
        return len(self._base) + len(self._tail)

    @property
    def is_worn(self) -> bool:
        """Whether so much was added that the order is worth making anew."""
        return len(self._tail) > 10_000 + len(self._base) // 4

    def text(self, code: int) -> str:
        """Return a string by its code."""
        base = len(self._base)
        return self._base[code] if code < base else self._tail[code - base]

    def code(self, text: str) -> int:
        """Return the code of a string, adding it where it is new."""
        found = self._find(text)
        if found is None:
            found = len(self)
            self._tail.append(text)
            self._added[text] = found
        return found

    def _find(self, text: str) -> int | None:
        place = bisect_left(self._base, text)
        if place < len(self._base) and self._base[place] == text:
            return place
        return self._added.get(text)

    def ranks(self) -> npt.NDArray[np.int64]:
        """Return for each code the place of its string among all, in their order."""
        base, tail = len(self._base), list(self._tail)
        if not tail:
            return np.arange(base)
        order = sorted(range(len(tail)), key=tail.__getitem__)
        before = np.array([bisect_left(self._base, tail[place]) for place in order], np.int64)
        ranks = np.empty(base + len(tail), np.int64)
        plain = np.arange(base)
        ranks[:base] = plain + np.searchsorted(before, plain, side="right")
        ranks[base + np.array(order, np.int64)] = before + np.arange(len(tail))
        return ranks

    def equal_to(self, texts: Sequence[str]) -> CodeSet:
        """Return the codes of some strings."""
        codes = sorted({code for text in texts if (code := self._find(text)) is not None})
        if not codes:
            return CodeSet(0, 0)
        if codes[-1] - codes[0] == len(codes) - 1:
            return CodeSet(codes[0], codes[-1] + 1)
        table = self._table()
        table[codes] = True
        return CodeSet(0, 0, table)

    def between(self, start: str | None, end: str | None) -> CodeSet:
        """Return the codes of strings from ``start`` to before ``end``; None for no limit."""
        first = bisect_left(self._base, start) if start is not None else 0
        behind = bisect_left(self._base, end) if end is not None else len(self._base)
        behind = max(first, behind)
        return self._with_tail(
            first,
            behind,
            lambda text: (start is None or text >= start) and (end is None or text < end),
        )

    def prefixed(self, prefix: str) -> CodeSet:
        """Return the codes of strings that begin with another."""
        return self.between(prefix, filters.after_prefix(prefix))

    def during(self, start: str, end: str) -> CodeSet:
        """Return the codes of dates from ``start`` to before ``end``."""
        found = self.between(start, end)
        if found.table is None:
            codes = np.arange(found.first, found.end, dtype=np.int32)
        else:
            codes = np.flatnonzero(found.table).astype(np.int32)
        are_dates = self.date_numbers(codes) >= 0
        if found.table is None and are_dates.all():
            return found
        table = self._table()
        table[codes[are_dates]] = True
        return CodeSet(0, 0, table)

    def date_numbers(self, codes: CodeArray) -> CodeArray:
        """Return for each code the day as 20210305, with 0 for unknown parts; -1 for no date."""
        known = self._dates
        if len(known) < len(self):
            known = np.full(len(self), _UNKNOWN, np.int32)
            known[: len(self._dates)] = self._dates
            self._dates = known
        numbers = known[codes]
        unknown = codes[numbers == _UNKNOWN]
        if len(unknown):
            fresh = np.unique(unknown)
            known[fresh] = date_numbers([self.text(code) for code in fresh.tolist()])
            numbers = known[codes]
        return numbers

    def containing(self, text: str) -> CodeSet:
        """Return the codes of strings that have another inside, whatever the case."""
        part = filters.fold(text)
        if self._folded is None:
            self._folded = _Folded.of(self._base)
        table = self._table()
        table[self._folded.containing(part)] = True
        base = len(self._base)
        hits = [base + place for place, one in enumerate(self._tail) if part in filters.fold(one)]
        table[[code for code in hits if code < len(table) - 1]] = True
        return CodeSet(0, 0, table) if table.any() else CodeSet(0, 0)

    def with_words(self, text: str) -> CodeSet:
        """Return the codes of strings that have another inside as whole words."""
        parts = self.containing(text)
        if parts.table is None:
            return parts
        for code in np.flatnonzero(parts.table).tolist():
            parts.table[code] = filters.has_words(self.text(code), text)
        return parts

    def _with_tail(self, first: int, end: int, test: Callable[[str], bool]) -> CodeSet:
        base = len(self._base)
        hits = [base + place for place, text in enumerate(list(self._tail)) if test(text)]
        if not hits:
            return CodeSet(first, end)
        table = self._table()
        table[first:end] = True
        table[hits] = True
        return CodeSet(0, 0, table)

    def _table(self) -> BoolArray:
        return np.zeros(len(self) + 1, np.bool_)


@dataclass(frozen=True, slots=True)
class _Folded:
    """Strings without differences of case, one behind the other, each with ``_END`` behind it."""

    text: str
    ends: Int64Array

    @classmethod
    def of(cls, strings: Sequence[str]) -> "_Folded":
        folded = [filters.fold(one) for one in strings]
        lengths = np.fromiter(map(len, folded), np.int64, len(folded))
        return cls(_END.join([*folded, ""]), np.cumsum(lengths + 1))

    def containing(self, part: str) -> Int64Array:
        """Return which strings have another inside, ascending."""
        if _END in part:
            return self._one_by_one(part)
        found = re.finditer(re.escape(part), self.text)
        places = np.fromiter((one.start() for one in found), np.int64)
        if len(places) < _FEW * len(self.ends):
            return np.unique(np.searchsorted(self.ends, places, side="right"))
        before = np.searchsorted(places, self.ends)  # the same the other way round
        return np.flatnonzero(np.diff(before, prepend=0))

    def _one_by_one(self, part: str) -> Int64Array:
        ends = self.ends.tolist()
        spans = zip([0, *ends], (end - 1 for end in ends), strict=False)
        return np.flatnonzero([self.text.find(part, *span) >= 0 for span in spans])
