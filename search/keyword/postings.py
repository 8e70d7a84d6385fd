"""The records that have one word or phrase, in any way it may be written, and its worth in each."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from binocle.catalog import text_rows
from binocle.catalog.base import CatalogReader
from binocle.types import BoolArray, Int64Array
from search.keyword.apart_from_compounds import rows_apart
from search.keyword.colour_names import rows_of_colour

Float32Array = npt.NDArray[np.float32]

_CACHE_BYTES = 128 * 1024 * 1024
_GROUP_WEIGHTS = np.array([1.0, 0.8, 0.5, 0.5], np.float32)  # title, caption, name, field
_BRAND_WEIGHT = np.float32(1.0)
_SATURATION = 1.2  # k1 of BM25
_LENGTH_SHARE = 0.5  # b of BM25
_USUAL_LENGTH = 10.0  # of a title, in tokens
_OWN_BYTES = 900  # of objects and the place where they are kept, whatever they hold
_FEW = 10_000  # ids that are faster sorted than marked


@dataclass(frozen=True, slots=True)
class Postings:
    """The records that have one word or phrase.

    Attributes:
        record_ids: ``(n,)`` int64 ascending, each once.
        worths: ``(n,)`` float32, what the word is worth in the record's best text.
        positions: ``(n,)`` int16, of the best part that has it; -1 where no part has.
        in_brands: How many records have it as their brand.
        said_ids: Those of ``record_ids`` that have it elsewhere than in their file name or id.
    """

    record_ids: Int64Array
    worths: Float32Array
    positions: npt.NDArray[np.int16]
    in_brands: int
    said_ids: Int64Array

    @classmethod
    def of(cls, rows: Int64Array) -> "Postings":
        """Score the rows that have a word, numbered as in ``text_rows``, ascending."""
        worths = _worths(rows)
        owners = rows >> text_rows.RECORD_SHIFT
        positions = (rows >> text_rows.POSITION_SHIFT & text_rows.NO_PART).astype(np.int16)
        in_brands = int(np.count_nonzero(positions == text_rows.BRAND))
        positions[positions >= text_rows.BRAND] = -1
        said = owners[rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1) != text_rows.NAME]
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        if len(starts) < len(rows):
            preferred = worths + 9 * (positions >= 0)  # a part, if any has it
            counts = np.diff(starts, append=len(rows))
            best = np.repeat(np.maximum.reduceat(preferred, starts), counts)
            places = np.flatnonzero(preferred == best)
            positions = positions[places[np.flatnonzero(np.diff(owners[places], prepend=-1))]]
            worths = np.maximum.reduceat(worths, starts)
            owners = owners[starts]
        said = np.unique(said) if len(said) < len(rows) else owners
        return cls(owners, worths, positions, in_brands, said)

    def both(self, other: "Postings") -> "Postings":
        """Return the records that are in another one too, worth the lesser of the two."""
        places = other.find(self.record_ids)
        kept = places >= 0
        worths = np.minimum(self.worths[kept], other.worths[places[kept]])
        record_ids = self.record_ids[kept]
        return Postings(record_ids, worths, self.positions[kept], 0, record_ids)

    @property
    def size_bytes(self) -> int:
        """Return what it takes in memory."""
        own = 0 if self.said_ids is self.record_ids else self.said_ids.nbytes
        arrays = self.record_ids.nbytes + self.worths.nbytes + self.positions.nbytes
        return own + arrays + _OWN_BYTES

    def find(self, record_ids: Int64Array) -> Int64Array:
        """Return where records are in ``record_ids``, -1 where they are not."""
        if not len(self.record_ids):
            return np.full(len(record_ids), -1, np.int64)
        last = len(self.record_ids) - 1
        places = np.minimum(np.searchsorted(self.record_ids, record_ids), last)
        return np.where(self.record_ids[places] == record_ids, places, -1)


def _worths(rows: Int64Array) -> Float32Array:
    """Return what a word is worth in each row: the row's weight times BM25's term frequency."""
    lengths = (rows & text_rows.LENGTH_MASK).astype(np.float32)
    groups = rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1)
    positions = rows >> text_rows.POSITION_SHIFT & text_rows.NO_PART
    is_brand = positions == text_rows.BRAND
    weights = np.where(is_brand, _BRAND_WEIGHT, _GROUP_WEIGHTS[groups])
    relative = 1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths / np.float32(_USUAL_LENGTH)
    worths: Float32Array = weights * np.float32(_SATURATION + 1) / (1 + _SATURATION * relative)
    return worths.astype(np.float32)


def _of_titles(rows: Int64Array) -> Int64Array:
    is_title: BoolArray = rows >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1) == text_rows.TITLE
    return rows[is_title]


class PostingReader:
    """Reads the postings of words and phrases, and keeps them. Thread-safe.

    What is kept belongs to one state of the words of a catalogue, see ``fulltext.state``.
    """

    def __init__(self) -> None:
        """Set up; nothing is read yet."""
        self._lock = threading.Lock()
        self._names: dict[str, frozenset[str]] = {}
        self._kept: LRUCache[tuple[object, ...], Postings] = LRUCache(
            _CACHE_BYTES, getsizeof=lambda postings: postings.size_bytes
        )

    def phrases(self, session: CatalogReader, phrases: Sequence[tuple[str, ...]]) -> Postings:
        """Return the records that have any of some phrases."""
        return self._keep(tuple(phrases), lambda: session.words.rows_with(phrases))

    def word(self, session: CatalogReader, token: str, before: str = "") -> Postings:
        """Return the records that have a word, and not only in a compound: see ``rows_apart``."""
        key = (token, "|", before if len(before) == 1 else "")
        return self._keep(key, lambda: rows_apart(session, token, before))

    def beginning(self, session: CatalogReader, token: str) -> Postings:
        """Return the records that have a word with a beginning."""
        return self._keep((token, "*"), lambda: session.words.rows_with_beginning(token))

    def openings(self, session: CatalogReader, token: str) -> Postings:
        """Return the records with a title that begins with a word."""
        return self._keep((token, "^"), lambda: _of_titles(session.words.rows_opening_with(token)))

    def colour(self, session: CatalogReader, token: str, following: str) -> Postings:
        """Return the records that have a colour, and not only in a name: see ``colour_names``.

        Args:
            session: A reading transaction.
            token: The colour.
            following: What follows it in the query; where the two are a name, the colour is
                looked for wherever it stands.
        """
        key = (token, "~")
        with self._lock:
            postings, names = self._kept.get(key), self._names.get(token)
        if postings is None or names is None:
            rows, names = rows_of_colour(session, token)
            postings = self._keep(key, lambda: rows)
            with self._lock:
                self._names[token] = names
        return self.phrases(session, [(token,)]) if following in names else postings

    def _keep(self, key: tuple[object, ...], read: Callable[[], Int64Array]) -> Postings:
        """Return what is kept under a key, reading it where it is not there yet."""
        with self._lock:
            postings = self._kept.get(key)
        if postings is None:
            postings = Postings.of(read())
            with self._lock, suppress(ValueError):  # larger than all that may be kept
                self._kept[key] = postings
        return postings


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
        is_opening: Most records have it as the first word of their title.
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
    is_opening: bool
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


def join_ways(
    place: int, ways: Sequence[WordWay], *, typed: bool, is_code: bool, opens: int = 0
) -> WordMatches:
    """Take the ways to write a word together; of several in a record the best counts.

    Args:
        place: Of the word in the query.
        ways: What was found.
        typed: It is no beginning.
        is_code: It is like a model number, or part of one.
        opens: How many records have a title that begins with it.
    """
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
        is_opening=2 * opens > len(strict_ids),
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
