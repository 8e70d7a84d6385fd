"""Finding pictures by their likeness: hashes scanned, features voting through an inverted file.

Both are FAISS binary indices whose ids are part ids. FAISS may not change an index while it is
searched, so one lock guards all; a search takes milliseconds, and lookups are few.

Source of the voting: Jegou et al., "Hamming embedding and weak geometric consistency for large
scale image search", ECCV 2008.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from binocle.likeness.hashes import HASH_BYTES
from binocle.likeness.sketching import CODE_BYTES, Codes, unpacked
from binocle.likeness.words import WORDS, nearest_words
from binocle.types import Float32Array, Int64Array

_PROBES = 5
_NEIGHBOURS = 24
_FAR_BITS = 32  # of the 128 of a code: matching corners differ in fewer
_SOFT_BITS = 19.0
_BLOCK = 256
_MANY_PICTURES = 200_000


@dataclass(frozen=True, slots=True)
class HashHits:
    """Pictures with a similar hash, one row for each hash asked for.

    Attributes:
        distances: ``(q, k)`` int32 differing bits, 0 to 256, ascending.
        part_ids: ``(q, k)`` int64; -1 where there are fewer than k pictures.
    """

    distances: npt.NDArray[np.int32]
    part_ids: Int64Array


@dataclass(frozen=True, slots=True)
class Votes:
    """Pictures that share features with a query, most votes first.

    Attributes:
        part_ids: ``(n,)`` int64.
        scores: ``(n,)`` float32; the sum of a vote of up to 1 for each shared feature.
    """

    part_ids: Int64Array
    scores: Float32Array


class LikenessIndex:
    """The likenesses of a collection's pictures in memory; about 2.4 kB each. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes = faiss.IndexBinaryIDMap2(faiss.IndexBinaryFlat(8 * HASH_BYTES))
        # The quantizer is never asked: words come with the features.
        quantizer = faiss.IndexBinaryFlat(8 * CODE_BYTES)
        quantizer.add(np.zeros((WORDS, CODE_BYTES), np.uint8))
        self._features = faiss.IndexBinaryIVF(quantizer, 8 * CODE_BYTES, WORDS)
        self._features.own_fields = False
        self._quantizer = quantizer
        self._features.is_trained = True
        self._features.nprobe = _PROBES

    @property
    def count(self) -> int:
        """How many pictures it holds."""
        return int(self._hashes.ntotal)

    def add(
        self, part_ids: Int64Array, hashes: npt.NDArray[np.uint8], features: Sequence[bytes]
    ) -> None:
        """Add pictures.

        Args:
            part_ids: ``(n,)`` int64, new ones.
            hashes: ``(n, 32)`` uint8.
            features: As stored, one for each.
        """
        found = [unpacked(one) for one in features]
        words = np.concatenate([one.words for one in found])
        codes = np.ascontiguousarray(np.concatenate([one.codes for one in found]))
        owners = np.repeat(part_ids, [len(one.words) for one in found])
        with self._lock:
            self._hashes.add_with_ids(np.ascontiguousarray(hashes), part_ids)
            if len(codes):
                self._features.add_core(
                    len(codes), faiss.swig_ptr(codes), faiss.swig_ptr(owners),
                    faiss.swig_ptr(words),
                )  # fmt: skip

    def remove(self, part_ids: Int64Array) -> None:
        """Forget pictures; ids that are not there are ignored."""
        if not len(part_ids):
            return
        gone = faiss.IDSelectorBatch(part_ids)
        with self._lock:
            self._hashes.remove_ids(gone)
            self._features.remove_ids(gone)

    def by_hash(self, hashes: npt.NDArray[np.uint8], k: int) -> HashHits:
        """Return the pictures with the nearest hashes, exact, for ``(q, 32)`` uint8."""
        with self._lock:
            distances, part_ids = self._hashes.search(np.ascontiguousarray(hashes), k)
        return HashHits(distances, part_ids)

    def within(self, hashes: npt.NDArray[np.uint8], bits: int) -> list[Int64Array]:
        """Return the pictures at most so many bits from each of ``(q, 32)`` hashes."""
        with self._lock:
            limits, _, part_ids = self._hashes.range_search(np.ascontiguousarray(hashes), bits + 1)
        return [part_ids[limits[one] : limits[one + 1]] for one in range(len(hashes))]

    def sharing(self, features: Sequence[bytes], least: float) -> list[Int64Array]:
        """Return, for each stored likeness, the pictures that share many of its features.

        Only features of the same word are compared, which is enough among near copies.

        Args:
            features: As stored.
            least: The sum of votes that is many; each shared feature gives up to 1.
        """
        found: list[Int64Array] = []
        for start in range(0, len(features), _BLOCK):
            found += self._sharing(
                [unpacked(one) for one in features[start : start + _BLOCK]], least
            )
        return found

    def _sharing(self, pictures: Sequence[Codes], least: float) -> list[Int64Array]:
        sizes = np.array([len(one.words) for one in pictures])
        if not sizes.sum():
            return [np.empty(0, np.int64) for _ in pictures]
        words = np.concatenate([one.words for one in pictures])[:, np.newaxis]
        codes = np.ascontiguousarray(np.concatenate([one.codes for one in pictures]))
        with self._lock:
            self._features.nprobe = 1
            try:
                distances, part_ids = self._features.search_preassigned(
                    codes, _NEIGHBOURS, words, np.zeros(words.shape, np.int32)
                )
            finally:
                self._features.nprobe = _PROBES
        rows, owners, weights = _voting(distances, part_ids)
        askers = np.repeat(np.arange(len(pictures)), sizes)[rows]
        pairs, place = np.unique(np.stack([askers, owners]), axis=1, return_inverse=True)
        scores = np.bincount(place.ravel(), weights, pairs.shape[1])
        kept = pairs[:, scores >= least]
        return [kept[1, kept[0] == one] for one in range(len(pictures))]

    def by_features(self, descriptors: npt.NDArray[np.uint8], k: int) -> Votes:
        """Return the pictures that share most features with a query.

        Args:
            descriptors: ``(n, 32)`` uint8, of the query.
            k: At most so many pictures.
        """
        if not len(descriptors):
            return Votes(np.empty(0, np.int64), np.empty(0, np.float32))
        if self.count > _MANY_PICTURES:  # lists are long: half of the corners say nearly as much
            descriptors = descriptors[::2]
        words = nearest_words(descriptors, _PROBES)
        codes = np.ascontiguousarray(descriptors[:, :CODE_BYTES])
        with self._lock:
            distances, part_ids = self._features.search_preassigned(
                codes, _NEIGHBOURS, words, np.zeros(words.shape, np.int32)
            )
        return _counted(distances, part_ids, k)


def _voting(
    distances: npt.NDArray[np.int32], part_ids: Int64Array
) -> tuple[Int64Array, Int64Array, npt.NDArray[np.float64]]:
    """Return votes as rows, part ids and weights: each row votes for a picture once."""
    near = (part_ids >= 0) & (distances < _FAR_BITS)
    rows, owners = np.nonzero(near)[0], part_ids[near]
    weights = np.exp(-((distances[near] / _SOFT_BITS) ** 2))
    order = np.lexsort((-weights, owners, rows))
    rows, owners, weights = rows[order], owners[order], weights[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (np.diff(rows) > 0) | (np.diff(owners) != 0)
    return rows[first], owners[first], weights[first]


def _counted(distances: npt.NDArray[np.int32], part_ids: Int64Array, k: int) -> Votes:
    _, owners, weights = _voting(distances, part_ids)
    parts, place = np.unique(owners, return_inverse=True)
    scores = np.bincount(place, weights, len(parts))
    best = np.lexsort((parts, -scores))[:k]
    return Votes(parts[best], scores[best].astype(np.float32))
