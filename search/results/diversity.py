"""Putting ranked records into another shape: less alike, without doubles, in groups."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import BoolArray, Float32Array, Int64Array
from binocle.vectors.base import products
from search.results.sorting import stable_order

DOUBLE = 0.97  # cosine from which two pictures count as one, where nothing better is known
HASH_BITS = 256
NEAR_BITS = 36  # perceptual hashes of one picture differ in at most so many bits
BLOCK = 512  # rows at once among which hits are made to differ
COMPARED = 4_096  # kept rows that a later one may be a double of
REACH = 20_000  # rows beyond which an answer stays as it is


def diversified(
    scores: npt.NDArray[np.floating], rows_nd: Float32Array, diversity: float
) -> Int64Array:
    """Return an order in which each hit also differs from those before it.

    Maximal marginal relevance: each place goes to the candidate with the greatest
    ``(1 - diversity) * relevance - diversity * similarity`` to the nearest one already placed.
    Cosines of a query and of two pictures have other ranges, so both are first scaled to 0 to 1
    over the candidates. Source: Carbonell and Goldstein, "The use of MMR, diversity-based
    reranking for reordering documents and producing summaries", SIGIR 1998.

    Args:
        scores: ``(n,)``, higher is better.
        rows_nd: ``(n, d)`` float32 unit rows of the candidates.
        diversity: 0 keeps the order of the scores, 1 looks at differences alone.

    Returns:
        ``(n,)`` int64 places; ties go to the earlier one.
    """
    count = len(scores)
    relevance = _scaled(np.asarray(scores, np.float64))
    similarities = _scaled(products(rows_nd, rows_nd).astype(np.float64))
    nearest = np.zeros(count)
    left = np.ones(count, np.bool_)
    order = np.empty(count, np.int64)
    for place in range(count):
        gain = (1 - diversity) * relevance - diversity * nearest
        chosen = int(np.argmax(relevance if place == 0 else np.where(left, gain, -np.inf)))
        order[place] = chosen
        left[chosen] = False
        np.maximum(nearest, similarities[chosen], out=nearest)
    return order


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    if high <= low:
        return np.zeros_like(values)
    scaled: npt.NDArray[np.float64] = (values - low) / (high - low)
    return scaled


@dataclass(frozen=True, slots=True)
class DedupFeatures:
    """What tells whether hits are doubles of each other.

    Attributes:
        rows: ``(n, d)`` float32 unit rows; zeros where there is no vector, as nobody's double.
        signs: ``(n, 256)`` float32, a perceptual hash with -1 for each 0; zeros where there is
            none.
    """

    rows: Float32Array
    signs: Float32Array

    def __getitem__(self, places: Int64Array | BoolArray | slice) -> "DedupFeatures":
        return DedupFeatures(self.rows[places], self.signs[places])

    def doubles(self, other: "DedupFeatures") -> BoolArray:
        """Return which are doubles of which, ``(n, m)``: by hashes, by vectors where one has none.

        Vectors say that two things are alike, hashes that two pictures are the same.
        """
        alike = products(self.rows, other.rows) >= DOUBLE
        if not self.signs.any() or not other.signs.any():
            return alike
        near = products(self.signs, other.signs) >= HASH_BITS - 2 * NEAR_BITS
        both = np.outer(self.signs.any(axis=1), other.signs.any(axis=1))
        return np.where(both, near, alike)


def signs_of(hashes: npt.NDArray[np.uint8], known: BoolArray) -> Float32Array:
    """Return perceptual hashes, ``(n, 32)`` uint8, as ``DedupFeatures`` has them.

    Args:
        hashes: As from ``catalog.tables.fingerprints.hashes_of_parts``.
        known: ``(n,)`` which of them are hashes.
    """
    signs = 2.0 * np.unpackbits(hashes, axis=1).astype(np.float32) - 1.0
    signs[~known] = 0.0
    return signs


def first_of_doubles(dedup_features: DedupFeatures, earlier: DedupFeatures) -> BoolArray:
    """Return which hits are no double of a kept one before them.

    Args:
        dedup_features: Of the hits, best first.
        earlier: Of hits kept before.
    """
    kept = np.ones(len(dedup_features.rows), np.bool_)
    if len(earlier.rows):
        kept &= ~dedup_features.doubles(earlier).any(axis=1)
    similar = dedup_features.doubles(dedup_features)
    for place in np.flatnonzero(kept):
        if kept[place]:
            kept[place + 1 :] &= ~similar[place, place + 1 :]
    return kept


class Arranger:
    """Makes the rows of one listing differ, block by block as the listing grows."""

    def __init__(
        self,
        dedup_features_of: Callable[[Int64Array, Int64Array], DedupFeatures],
        *,
        diversity: float,
        collapse: bool,
    ) -> None:
        """Set up.

        Args:
            dedup_features_of: Returns what records look like, by internal id and best part.
            diversity: See ``diversified``; 0 leaves the order alone.
            collapse: Leave out doubles of rows before.
        """
        self._dedup_features_of, self._diversity, self._collapse = (
            dedup_features_of,
            diversity,
            collapse,
        )
        self._kept: list[DedupFeatures] = []
        self._seen = 0

    def arranged(
        self,
        record_ids: Int64Array,
        part_ids: Int64Array,
        scores: npt.NDArray[np.floating],
    ) -> Int64Array:
        """Return the places of further rows in their new order, doubles left out.

        Args:
            record_ids: ``(n,)`` internal ids, best first.
            part_ids: ``(n,)`` their best parts, -1 where none is known.
            scores: ``(n,)``, higher is better.
        """
        arranged = []
        for start in range(0, len(record_ids), BLOCK):
            places = np.arange(start, min(start + BLOCK, len(record_ids)))
            self._seen += len(places)
            if self._seen <= REACH:
                dedup_features = self._dedup_features_of(record_ids[places], part_ids[places])
                places = self._block(places, dedup_features, scores)
            arranged.append(places)
        return np.concatenate(arranged) if arranged else np.empty(0, np.int64)

    def _block(
        self, places: Int64Array, dedup_features: DedupFeatures, scores: npt.NDArray[np.floating]
    ) -> Int64Array:
        if self._collapse:
            kept = first_of_doubles(dedup_features, self._earlier(dedup_features))
            places, dedup_features = places[kept], dedup_features[kept]
            self._kept.append(dedup_features)
        if self._diversity and len(places):
            places = places[diversified(scores[places], dedup_features.rows, self._diversity)]
        return places

    def _earlier(self, dedup_features: DedupFeatures) -> DedupFeatures:
        if not self._kept:
            return dedup_features[slice(0)]
        rows = np.concatenate([one.rows for one in self._kept])[-COMPARED:]
        return DedupFeatures(rows, np.concatenate([one.signs for one in self._kept])[-COMPARED:])


@dataclass(frozen=True, slots=True)
class HitGroups:
    """Rows of a listing taken together.

    Attributes:
        heads: ``(g,)`` int64 places of each group's best row, best group first.
        sizes: ``(g,)`` int64 how many rows each group has.
    """

    heads: Int64Array
    sizes: Int64Array
    _order: Int64Array  # all places, group by group
    _starts: Int64Array  # where in it each group begins

    def members(self, group: int) -> Int64Array:
        """Return the places of a group's rows, best first."""
        start = int(self._starts[group])
        return self._order[start : start + int(self.sizes[group])]


def gathered(keys: Int64Array) -> HitGroups:
    """Take rows with equal keys together; a negative key is a group of its own.

    Args:
        keys: ``(n,)`` int64, best row first.
    """
    own = groups_of_keys(keys)
    order = stable_order([own], len(own))  # by group, then by place
    starts = np.flatnonzero(np.diff(own[order], prepend=-1))
    sizes = np.diff(starts, append=len(keys))
    heads = order[starts]
    best_first = np.argsort(heads)
    return HitGroups(heads[best_first], sizes[best_first], order, starts[best_first])


def groups_of_keys(keys: Int64Array) -> Int64Array:
    """Return keys, ``(n,)`` int64, with one of its own for each row whose key is negative."""
    return np.where(keys < 0, np.arange(len(keys)) + keys.max(initial=0) + 1, keys)
