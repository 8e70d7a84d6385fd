"""Which pictures share local features: corners that show the same, found in short lists.

Copies share many of their 96 corners, so it is enough to compare a corner with those of the same
word that also begin with the same 8 bits, and to compare the few pictures that are then left in
full. A list that is full takes no more: what so many pictures show tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.fingerprint import CODE_BYTES, Codes
from binocle.fingerprints.local_features import WORDS
from binocle.types import Int64Array

_KEYS = 256  # lists of each word, by a byte of the code
_LONGEST = 10_000  # of a list
_NEIGHBOURS = 24
_FAR_BITS = 32  # of the 128 of a code: matching corners differ in fewer
_SOFT_BITS = 19.0


@dataclass(frozen=True, slots=True)
class SharingPairs:
    """Pictures that were asked for and others that share features, ordered by row and place.

    Attributes:
        rows: ``(n,)`` int64, of the pictures asked for.
        places: ``(n,)`` int64, of the others, in the order they were added.
        votes: ``(n,)`` float64, of the features found: up to 1 for each.
        crowded: ``(c,)`` int64: rows that share features with more pictures than were kept.
    """

    rows: Int64Array
    places: Int64Array
    votes: npt.NDArray[np.float64]
    crowded: Int64Array


class SharedFeatures:
    """Features of pictures, and for each new one those before it that share some."""

    def __init__(self, least: float, most: int) -> None:
        """Start empty.

        Args:
            least: The votes that make a pair.
            most: Of the pairs of each picture so many with most votes are kept.
        """
        self._least, self._most = least, most
        self._count = 0
        self._sizes = np.zeros(WORDS * _KEYS, np.int64)
        self._quantizer = faiss.IndexBinaryFlat(8 * CODE_BYTES)  # never asked: lists are given
        self._index = faiss.IndexBinaryIVF(self._quantizer, 8 * CODE_BYTES, len(self._sizes))
        self._index.own_fields = False
        self._index.is_trained = True
        self._index.nprobe = 1

    @property
    def stored(self) -> int:
        """How many features it holds."""
        return int(self._index.ntotal)

    def add(self, pictures: Sequence[Codes]) -> SharingPairs:
        """Add pictures, and return for each those before it that share features with it.

        Args:
            pictures: Some hundreds.
        """
        first, sizes = self._count, [len(one.words) for one in pictures]
        rows = np.repeat(np.arange(len(pictures)), sizes)
        self._count += len(pictures)
        if not len(rows):
            return SharingPairs(rows, rows, np.empty(0), rows)
        codes = np.ascontiguousarray(np.concatenate([one.codes for one in pictures]))
        lists = np.concatenate([one.words for one in pictures]) * _KEYS + codes[:, 1]
        self._store(codes, lists, first + rows)
        distances, others = self._index.search_preassigned(
            codes, _NEIGHBOURS, lists[:, np.newaxis], np.zeros((len(lists), 1), np.int32)
        )
        before = (others >= 0) & (others < first + rows[:, np.newaxis]) & (distances < _FAR_BITS)
        weights = _weights(distances[before])
        features = np.nonzero(before)[0]
        votes = _once(features, rows[features], others[before], weights)
        return _counted(*votes, self._least, self._most)

    def _store(self, codes: npt.NDArray[np.uint8], lists: Int64Array, owners: Int64Array) -> None:
        room = self._sizes[lists] < _LONGEST
        codes, lists, owners = codes[room], lists[room], owners[room]
        self._index.add_core(
            len(codes), faiss.swig_ptr(codes), faiss.swig_ptr(owners), faiss.swig_ptr(lists)
        )
        np.add.at(self._sizes, lists, 1)


def votes_between(one: Codes, other: Codes) -> float:
    """Return the votes that the features of a picture give another, each up to 1.

    Only features of the same word are compared; the nearest one of the other picture counts.
    """
    own, theirs = np.nonzero(one.words[:, np.newaxis] == other.words)
    differing = np.bitwise_count(one.codes[own] ^ other.codes[theirs]).sum(axis=1, dtype=np.int64)
    nearest = np.full(len(one.words), _FAR_BITS)
    np.minimum.at(nearest, own, differing)
    return float(_weights(nearest[nearest < _FAR_BITS]).sum())


def _weights(distances: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp(-((distances / _SOFT_BITS) ** 2)), np.float64)


def _once(
    features: Int64Array, rows: Int64Array, owners: Int64Array, weights: npt.NDArray[np.float64]
) -> tuple[Int64Array, Int64Array, npt.NDArray[np.float64]]:
    """Return the best vote of each feature for each picture."""
    order = np.lexsort((-weights, owners, features))
    first = np.diff(features[order], prepend=-1) != 0
    first |= np.diff(owners[order], prepend=-1) != 0
    best = order[first]
    return rows[best], owners[best], weights[best]


def _counted(
    rows: Int64Array, owners: Int64Array, weights: npt.NDArray[np.float64], least: float, most: int
) -> SharingPairs:
    span = int(owners.max(initial=0)) + 1
    pairs, place = np.unique(rows * span + owners, return_inverse=True)
    votes = np.asarray(np.bincount(place, weights, len(pairs)), np.float64)
    pairs, votes = pairs[votes >= least], votes[votes >= least]
    rows, owners = pairs // span, pairs % span
    order = np.lexsort((-votes, rows))
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - np.searchsorted(rows, rows[order])
    kept = ranks < most
    return SharingPairs(rows[kept], owners[kept], votes[kept], np.unique(rows[~kept]))
