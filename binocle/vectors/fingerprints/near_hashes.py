"""Which hashes of many are near each other, in any of their eight turned and mirrored forms.

Every pair is looked at, but only at 64 of its 256 bits, which mirroring leaves as they are and a
quarter turn transposes: two scans of 8 bytes instead of eight of 32. What is near there is
compared in full. Pairs that differ in few bits of all but in many of these 64 are missed: of real
pictures and changed copies of them about one pair in three thousand (docs/lookup.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import faiss
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.fingerprint import HASH_BYTES, VARIANTS, turned_hashes
from binocle.types import Int64Array

_CHUNK = 65_536  # hashes scanned at once: 512 kB stay in the processor's cache
_SLICE = 1 << 16  # candidates compared in full at once
_MOST_COMPARED = 4096  # of each chunk, for one hash: six times what is usual
_COARSE_BITS = 20  # of 64; unrelated hashes differ in about 32
_LOW = 16
_EVEN = 3  # the word of frequencies that are even in both directions
_PLACE_BITS, _DISTANCE_BITS = 40, 9
# The form of one picture that the other is near to, by the form of the other that it is near to.
_INVERSE = np.array(
    [VARIANTS.index((turns if mirrored else -turns % 4, mirrored)) for turns, mirrored in VARIANTS]
)

_NONE = np.empty(0, np.int64)
_Words: TypeAlias = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class NearPairs:
    """Hashes that were asked for and others that are near, ordered by row and place.

    Attributes:
        rows: ``(n,)`` int64, of the hashes asked for.
        places: ``(n,)`` int64, of the others, in the order they were added.
        distances: ``(n,)`` int64 differing bits.
        variants: ``(n,)`` int64 into ``VARIANTS``: which form of the other hash is near, the first
            of several.
        crowded: ``(c,)`` int64: rows that have more near hashes than were kept.
    """

    rows: Int64Array
    places: Int64Array
    distances: Int64Array
    variants: Int64Array
    crowded: Int64Array


class NearHashes:
    """Hashes, and for each new one those before it that are near. Not thread-safe."""

    def __init__(self, bits: int, most: int) -> None:
        """Start empty.

        Args:
            bits: Hashes that differ in so many bits at most are near.
            most: For each hash so many of the nearest are kept, and the one that was added first:
                pictures of a camera that never moves make many pairs, but not all pairs.
        """
        self._bits, self._most = bits, most
        self._chunks: list[_Chunk] = []
        self._count = 0

    def add(self, hashes: npt.NDArray[np.uint8]) -> NearPairs:
        """Add hashes, and return for each those before it that are near.

        Args:
            hashes: ``(n, 32)`` uint8; some hundreds at once.
        """
        if not self._chunks or self._chunks[-1].count >= _CHUNK:
            self._chunks.append(_Chunk(self._count))
        upright, turned = _HashQuery(hashes, turned=False), _HashQuery(hashes, turned=True)
        self._chunks[-1].add(upright.words)
        found = [
            _nearest(pairs, self._most)
            for asked in (upright, turned)
            for chunk in self._chunks
            for pairs in chunk.near(asked, self._count, self._bits)
        ]
        self._count += len(hashes)
        return _nearest(_once(found), self._most)


class _HashQuery:
    """Hashes that are asked for, upright or transposed, and the four ways to mirror them."""

    def __init__(self, hashes: npt.NDArray[np.uint8], *, turned: bool) -> None:
        bits = _bits(hashes)
        self.words = _words(bits.transpose(0, 2, 1) if turned else bits)
        own = np.array([place for place, (turns, _) in enumerate(VARIANTS) if turns % 2 == turned])
        # A form inverts whole words: where bits were equal they differ, and the other way round.
        masks = _bits(turned_hashes(np.zeros((1, HASH_BYTES), np.uint8))[0][own])
        inverted = _words(masks) != 0
        self._signs = np.where(inverted, -1, 1).T.astype(np.int16)
        self._offsets = 64 * inverted.sum(axis=1).astype(np.int16)
        self._variants = _INVERSE[own]

    def compared(self, rows: Int64Array, places: Int64Array, words: _Words, bits: int) -> NearPairs:
        """Return those of some pairs that are near, in the order given."""
        differing = np.bitwise_count(self.words[rows] ^ words).astype(np.int16)
        distances = differing @ self._signs + self._offsets
        near = distances <= bits
        kept = np.flatnonzero(near.any(axis=1))
        variants = np.where(near[kept], self._variants, len(VARIANTS)).min(axis=1)
        nearest = distances[kept].min(axis=1).astype(np.int64)
        return NearPairs(rows[kept], places[kept], nearest, variants, _NONE)


class _Chunk:
    """Some hashes, those of them that were added from a place on."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._index = faiss.IndexBinaryFlat(64)
        self._words: _Words = np.empty((0, 4), np.uint64)

    @property
    def count(self) -> int:
        return len(self._words)

    def add(self, words: _Words) -> None:
        self._words = np.concatenate([self._words, words])
        self._index.add(_coarse(words))

    def near(self, asked: _HashQuery, first: int, bits: int) -> Iterator[NearPairs]:
        """Yield the pairs of what is asked with what was added before each, rows ascending."""
        limits, bits_of, own = self._index.range_search(_coarse(asked.words), _COARSE_BITS + 1)
        limits = limits.astype(np.int64)
        rows = np.repeat(np.arange(len(asked.words)), np.diff(limits))
        if np.diff(limits).max() > _MOST_COMPARED:
            kept = _likeliest(limits, bits_of)
            rows, own = rows[kept], own[kept]
        before = own + self._start < first + rows
        rows, own = rows[before], own[before]
        for start in range(0, len(rows), _SLICE):
            part, places = rows[start : start + _SLICE], own[start : start + _SLICE]
            yield asked.compared(part, places + self._start, self._words[places], bits)


def _likeliest(limits: Int64Array, bits: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Tell which candidates are compared: of rows with too many the first and the nearest ones."""
    kept = np.ones(len(bits), np.bool_)
    for row in np.flatnonzero(np.diff(limits) > _MOST_COMPARED).tolist():
        start, end = limits[row], limits[row + 1]
        farther = np.argpartition(bits[start:end], _MOST_COMPARED)[_MOST_COMPARED:]
        kept[start + farther[farther > 0]] = False
    return kept


def _nearest(pairs: NearPairs, most: int) -> NearPairs:
    """Return the nearest pairs of each row, and its first one.

    Args:
        pairs: Each once, ordered by row and place.
        most: How many.
    """
    rows = pairs.rows
    if not len(rows) or np.bincount(rows).max() <= most:
        return pairs
    keys = (rows << (_DISTANCE_BITS + _PLACE_BITS)) | (pairs.distances << _PLACE_BITS)
    order = np.argsort(keys | pairs.places)
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - np.searchsorted(rows, rows[order])
    kept = (ranks < most) | (np.diff(rows, prepend=-1) != 0)
    crowded = np.union1d(pairs.crowded, rows[~kept])
    return _some(pairs, np.flatnonzero(kept), crowded)


def _once(found: Sequence[NearPairs]) -> NearPairs:
    """Join pairs, ordered by row and place; of several with one form each the first form counts."""
    crowded = np.unique(np.concatenate([_NONE, *(one.crowded for one in found)]))
    rows, places, distances, variants = (
        np.concatenate([_NONE, *(getattr(one, name) for one in found)])
        for name in ("rows", "places", "distances", "variants")
    )
    order = np.lexsort((variants, places, rows))
    new = np.diff(rows[order], prepend=-1) != 0
    new |= np.diff(places[order], prepend=-1) != 0
    return _some(NearPairs(rows, places, distances, variants, _NONE), order[new], crowded)


def _some(pairs: NearPairs, kept: Int64Array, crowded: Int64Array) -> NearPairs:
    rows, places = pairs.rows[kept], pairs.places[kept]
    return NearPairs(rows, places, pairs.distances[kept], pairs.variants[kept], crowded)


def _bits(hashes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.unpackbits(hashes, axis=1).reshape(-1, _LOW, _LOW)


def _words(bits: npt.NDArray[np.uint8]) -> _Words:
    """Return ``(n, 4)``: the bits with odd and with even frequencies down and across, each a word.

    Mirroring inverts words and moves nothing between them.
    """
    sorted_bits = bits.reshape(-1, _LOW // 2, 2, _LOW // 2, 2).transpose(0, 2, 4, 1, 3)
    packed = np.packbits(sorted_bits.reshape(len(bits), -1), axis=1)
    words: _Words = packed.view(np.uint64)
    return words


def _coarse(words: _Words) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(words[:, _EVEN]).view(np.uint8).reshape(-1, 8)
