"""Finding pictures by their likeness: hashes scanned, features voting through an inverted file.

Hashes are scanned in memory, 40 bytes a picture. Features are two inverted files: the saved
one, mapped from disk and never changed, and the tail in memory with what came since; what was
removed since is left out of answers.

Source of the voting: Jegou et al., "Hamming embedding and weak geometric consistency for large
scale image search", ECCV 2008.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import faiss
import numpy as np
import numpy.typing as npt

from binocle.errors import StorageError
from binocle.fingerprints.fingerprint import CODE_BYTES, HASH_BYTES, Codes, unpacked
from binocle.fingerprints.local_features import nearest_words
from binocle.types import Float32Array, Int64Array
from binocle.vectors.fingerprints.feature_lists import PROBES, FeatureLists

_NEIGHBOURS = 24
_FAR_BITS = 32  # of the 128 of a code: matching corners differ in fewer
_SOFT_BITS = 19.0
_COMPARED = 24_000_000  # codes for one query: what is in long lists tells little, and is left


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


class _Gate:
    """Any number of readers, or one writer, who is not kept waiting by new readers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._writers = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._writers)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._changed:
            self._writers += 1
            try:
                self._changed.wait_for(lambda: not self._readers)
                yield
            finally:
                self._writers -= 1
                self._changed.notify_all()


class FingerprintIndex:
    """The likenesses of a collection's pictures.

    Searches run side by side, and beside changes; changes and ``save`` one after the other, which
    the caller sees to.
    """

    def __init__(
        self,
        saved: FeatureLists | None = None,
        part_ids: Int64Array | None = None,
        hashes: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        """Start empty, or with what was saved.

        Args:
            saved: Features that were saved.
            part_ids: ``(n,)`` int64, of the pictures they belong to, ascending.
            hashes: ``(n, 32)`` uint8, theirs.
        """
        self._gate = _Gate()
        self._saved = saved or FeatureLists()
        self._tail = FeatureLists()
        self._gone = np.empty(0, np.int64)
        self._part_ids = np.empty(0, np.int64) if part_ids is None else part_ids
        self._hashes = faiss.IndexBinaryFlat(8 * HASH_BYTES)
        if hashes is not None:
            self._hashes.add(np.ascontiguousarray(hashes))

    @property
    def count(self) -> int:
        """How many pictures it holds."""
        return int(self._hashes.ntotal)

    @property
    def mapped(self) -> int:
        """How many features are in a file, and not in memory."""
        return self._saved.count

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
        owners = np.repeat(part_ids, [len(one.words) for one in found])
        with self._gate.writing():
            self._hashes.add(np.ascontiguousarray(hashes))
            self._part_ids = np.concatenate([self._part_ids, part_ids])
            self._tail.add(_joined(found), owners)

    def remove(self, part_ids: Int64Array) -> int:
        """Forget pictures; ids that are not there are ignored. Return how many were there."""
        with self._gate.writing():
            there = np.isin(self._part_ids, part_ids)
            if not there.any():
                return 0
            gone = self._part_ids[there]
            self._hashes.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(there)))
            self._part_ids = self._part_ids[~there]
            self._tail.remove(gone)
            self._gone = np.union1d(self._gone, gone)
            return len(gone)

    def by_hash(self, hashes: npt.NDArray[np.uint8], k: int) -> HashHits:
        """Return the pictures with the nearest hashes, exact, for ``(q, 32)`` uint8."""
        with self._gate.reading():
            distances, places = self._hashes.search(np.ascontiguousarray(hashes), k)
            if not len(self._part_ids):
                return HashHits(distances, places)
            return HashHits(distances, np.where(places < 0, -1, self._part_ids[places]))

    def by_features(
        self, descriptors: npt.NDArray[np.uint8], k: int, *, effort: float = 1.0
    ) -> Votes:
        """Return the pictures that share most features with a query.

        A query is held against 24 million codes at most, those of the rarest words first.

        Args:
            descriptors: ``(n, 32)`` uint8, of the query.
            k: At most so many pictures.
            effort: How much of that limit may be used, 0 to 1.
        """
        if not len(descriptors):
            return Votes(np.empty(0, np.int64), np.empty(0, np.float32))
        words = nearest_words(descriptors, PROBES)
        limit = int(effort * _COMPARED)
        return _counted(*self._voting(descriptors[:, :CODE_BYTES], words, limit)[1:], k)

    def _voting(
        self, codes: npt.NDArray[np.uint8], words: Int64Array, limit: int | None = None
    ) -> tuple[Int64Array, Int64Array, npt.NDArray[np.float64]]:
        """Return votes as rows, part ids and weights: each row votes for a picture once."""
        with self._gate.reading():
            if limit is not None:
                words = _affordable(words, self._saved.sizes + self._tail.sizes, limit)
            both = [one.search(codes, words, _NEIGHBOURS) for one in (self._saved, self._tail)]
            gone = np.isin(both[0][1], self._gone) if len(self._gone) else None
        if gone is not None:
            both[0][1][gone] = -1
        distances, part_ids = (np.concatenate(one, axis=1) for one in zip(*both, strict=True))
        return _weighted(distances, part_ids)

    def save(self, features: Path, hashes: Path) -> dict[str, int | str]:
        """Write two files, and go on with the features as they are there, mapped.

        Returns:
            What ``opened`` must know of them.

        Raises:
            OSError: They cannot be written; everything is as before.
        """
        with self._gate.reading():
            merged = self._saved.joined(self._tail, self._gone)
            known = merged.write(features)
            codes = faiss.vector_to_array(self._hashes.xb).tobytes()
            data = self._part_ids.astype("<i8").tobytes() + codes
            hashes.write_bytes(data)
            known |= {"pictures": self.count, "hashes": hashlib.sha256(data).hexdigest()}
        del merged
        try:
            mapped = FeatureLists.read(features, known)
        except StorageError as error:
            raise OSError(str(error)) from error
        with self._gate.writing():
            self._saved, self._tail = mapped, FeatureLists()
            self._gone = np.empty(0, np.int64)
        return known

    @classmethod
    def opened(cls, features: Path, hashes: Path, known: Mapping[str, int | str]) -> Self:
        """Open what was saved.

        Args:
            features: A file of features; it stays mapped.
            hashes: A file of part ids and hashes.
            known: As from ``save``.

        Raises:
            StorageError: They are damaged, or other ones.
            OSError: They cannot be read.
        """
        data, count = hashes.read_bytes(), int(known["pictures"])
        if hashlib.sha256(data).hexdigest() != known["hashes"]:
            raise StorageError("its stamp does not fit")
        part_ids = np.frombuffer(data, "<i8", count).astype(np.int64)
        rows = np.frombuffer(data, np.uint8, offset=8 * count).reshape(count, HASH_BYTES)
        return cls(FeatureLists.read(features, known), part_ids, rows)


def _joined(pictures: Sequence[Codes]) -> Codes:
    return Codes(
        np.concatenate([one.words for one in pictures]),
        np.ascontiguousarray(np.concatenate([one.codes for one in pictures])),
    )


def _affordable(words: Int64Array, sizes: Int64Array, limit: int) -> Int64Array:
    """Return the words with -1 for the longest lists, beyond so many codes in all."""
    costs = sizes[words].ravel()
    order = np.argsort(costs, kind="stable")
    kept = np.ones(len(costs), np.bool_)
    kept[order] = np.cumsum(costs[order]) <= limit
    return np.where(kept.reshape(words.shape), words, -1)


def _weighted(
    distances: npt.NDArray[np.int32], part_ids: Int64Array
) -> tuple[Int64Array, Int64Array, npt.NDArray[np.float64]]:
    near = (part_ids >= 0) & (distances < _FAR_BITS)
    rows, owners = np.nonzero(near)[0], part_ids[near]
    weights = np.exp(-((distances[near] / _SOFT_BITS) ** 2))
    order = np.lexsort((-weights, owners, rows))
    rows, owners, weights = rows[order], owners[order], weights[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (np.diff(rows) > 0) | (np.diff(owners) != 0)
    return rows[first], owners[first], weights[first]


def _counted(owners: Int64Array, weights: npt.NDArray[np.float64], k: int) -> Votes:
    parts, place = np.unique(owners, return_inverse=True)
    scores = np.bincount(place, weights, len(parts))
    best = np.lexsort((parts, -scores))[:k]
    return Votes(parts[best], scores[best].astype(np.float32))
