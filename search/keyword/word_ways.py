"""The ways in which one word of a query may be written, and the records with any of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.types import Int64Array
from search.keyword.postings import Float32Array, Postings

_FEW = 10_000  # ids that are faster sorted than marked


@dataclass(frozen=True, slots=True)
class WordMatches:
    """The records that have one word of a query in some way.

    Attributes:
        place: Of the word in the query.
        record_ids: ``(n,)`` int64 ascending, each once.
        worths: ``(n,)`` float32, what the word is worth there.
        strict_ids: Records that have it as it was typed, or joined or cut elsewhere.
        frequency: How many records have it: as it was typed, if any.
        sureness: ``(n,)`` float32 how sure it is that the record has what was meant, 0 to 1; None
            where all have just that.
        typed_frequency: How many records have it as it was typed, which may be none.
        is_code: It is like a model number, or part of one.
        is_of_number: It stands in one piece with digits, as the ``wh`` of ``WH-1000XM4``.
        is_brand: Most records have it as their brand.
        ways: What was found for it, and what that counts.
        labels: How each way is written.
    """

    place: int
    record_ids: Int64Array
    worths: Float32Array
    strict_ids: Int64Array
    frequency: int
    sureness: Float32Array | None
    typed_frequency: int
    is_code: bool
    is_of_number: bool
    is_brand: bool
    ways: tuple[tuple[Postings, float], ...]
    labels: tuple[str, ...]

    def shown(self, record_id: int) -> str | None:
        """Return how the word stands in a record; None where it does not."""
        wanted = np.array([record_id], np.int64)
        for (matches, _), label in zip(self.ways, self.labels, strict=True):
            if matches.find(wanted)[0] >= 0:
                return label
        return None


@dataclass(frozen=True, slots=True)
class WordWay:
    """One way to write a word: what was found, what it counts, how strict and how sure it is."""

    matches: Postings
    weight: float
    label: str
    is_strict: bool
    is_code: bool = False
    sureness: float = 1.0  # that it is what was meant
    names_count: bool = True  # as strictly as what is said elsewhere

    @property
    def strict_ids(self) -> Int64Array:
        """Return the records that have it as it was typed; none where it is written otherwise."""
        if not self.is_strict:
            return np.empty(0, np.int64)
        return self.matches.record_ids if self.names_count else self.matches.said_ids


def join_ways(place: int, ways: Sequence[WordWay], *, typed: bool, is_code: bool) -> WordMatches:
    """Take the ways to write a word together; of several in a record the best counts."""
    strict = [way for way in ways if way.is_strict]
    strict_ids = _union(way.strict_ids for way in strict)
    if len(ways) == 1 and ways[0].weight == 1.0:
        record_ids, worths = ways[0].matches.record_ids, ways[0].matches.worths
    else:
        record_ids = _union(way.matches.record_ids for way in ways)
        worths = np.zeros(len(record_ids), np.float32)
        for way in ways:
            places = np.searchsorted(record_ids, way.matches.record_ids)
            worth = np.float32(way.weight) * way.matches.worths
            worths[places] = np.maximum(worths[places], worth)
    sureness = None
    if any(way.sureness < 1.0 for way in ways):
        sureness = np.zeros(len(record_ids), np.float32)
        for way in ways:
            places = np.searchsorted(record_ids, way.matches.record_ids)
            sureness[places] = np.maximum(sureness[places], np.float32(way.sureness))
    in_brands = sum(way.matches.in_brands for way in strict)
    return WordMatches(
        place,
        record_ids,
        worths,
        strict_ids,
        len(strict_ids) or len(record_ids),
        sureness,
        len(strict_ids) if typed else len(record_ids),
        is_code=is_code or any(way.is_code for way in strict),
        is_of_number=is_code,
        is_brand=2 * in_brands > len(strict_ids),
        ways=tuple((way.matches, way.weight) for way in ways),
        labels=tuple(way.label for way in ways),
    )


def _union(several: Iterable[Int64Array]) -> Int64Array:
    arrays = [one for one in several if len(one)]
    if len(arrays) < 2:
        return arrays[0] if arrays else np.empty(0, np.int64)
    if sum(map(len, arrays)) < _FEW:
        return np.unique(np.concatenate(arrays))
    there = np.zeros(1 + max(int(one[-1]) for one in arrays), np.bool_)
    for one in arrays:
        there[one] = True
    return np.flatnonzero(there)
