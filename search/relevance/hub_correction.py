"""Hubs: parts that are near to every query, and stand before what was asked for.

A part's *hubness* is the mean cosine to those ten queries of a bank that are nearest to it; half
of what it exceeds the usual by is taken off its scores. The bank must be made of queries like
those that will come: a bank of background texts did not help on any data set, captions and
titles of the collection itself did (docs/relevance.md). So a collection is corrected only where
it has both texts and pictures, and only where its own pairs are found better that way.

Source: Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3 (CSLS,
which takes off the whole and ten neighbours); Bogolin et al., "Cross Modal Retrieval with
Querybank Normalisation", CVPR 2022, for banks and why they must be alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from binocle.collection.parts import Owners
from binocle.types import Float32Array, Int64Array

DEPTH = 200
BANK = 512
NEIGHBOURS = 10
STRENGTH = 0.5
_MIN_PAIRS, _PAIRS = 50, 512
RowsOf = Callable[[Int64Array], tuple[Int64Array, Float32Array]]
"""Returns, of ids of parts, those that are there and their ``(m, d)`` float32 unit rows."""
_GAIN = 1.01  # in mean reciprocal rank, for a correction to be worth it


class FoundHubness:
    """The hubness of parts to one bank, found once for each: no query changes it. Thread-safe.

    Takes 4 bytes for each part id up to the largest that was asked for.
    """

    def __init__(self) -> None:
        self._by_part: Float32Array = np.empty(0, np.float32)

    def get(self, part_ids: Int64Array) -> Float32Array:
        """Return the hubness of parts, ``(n,)`` float32; NaN where it was not found yet."""
        found = np.full(len(part_ids), np.nan, np.float32)
        by_part = self._by_part
        known = part_ids < len(by_part)
        found[known] = by_part[part_ids[known]]
        return found

    def put(self, part_ids: Int64Array, values: Float32Array) -> None:
        """Keep what was found; where two threads keep at once, one of them may find it again."""
        by_part = self._by_part
        most = int(part_ids.max(initial=-1))
        if most >= len(by_part):
            by_part = np.full(most + 1 + most // 2, np.nan, np.float32)
            by_part[: len(self._by_part)] = self._by_part
        by_part[part_ids] = values
        self._by_part = by_part


@dataclass(frozen=True, slots=True)
class Hubs:
    """How much to take off the scores of parts.

    Attributes:
        bank_bd: ``(b, d)`` float32 unit rows of queries like those that come.
        usual: Mean hubness of the collection.
        found: The hubness of parts that queries have found so far.
    """

    bank_bd: Float32Array
    usual: float
    found: FoundHubness = field(default_factory=FoundHubness, compare=False)

    def hubness_of(self, part_ids: Int64Array, rows_of: RowsOf) -> Float32Array | None:
        """Return the hubness of parts; None where the rows of some cannot be had.

        Args:
            part_ids: ``(n,)`` int64.
            rows_of: Asked for those that no query has asked for before.

        Returns:
            ``(n,)`` float32.
        """
        values = self.found.get(part_ids)
        is_new = np.isnan(values)
        if is_new.any():
            known, rows_md = rows_of(part_ids[is_new])
            if len(known) < is_new.sum():
                return None
            values[is_new] = hubness(self.bank_bd, rows_md)
            self.found.put(part_ids, values)
        return values

    def penalties(self, hubness_n: Float32Array) -> Float32Array:
        """Return what is taken off the scores of parts.

        Args:
            hubness_n: ``(n,)`` float32 hubness of the parts.

        Returns:
            ``(n,)`` float32, more for hubs, less than 0 for what few queries are near to.
        """
        return np.asarray(STRENGTH * (hubness_n - self.usual), np.float32)

    def reorder(
        self, scores: Float32Array, part_ids: Int64Array, hubness_m: Float32Array
    ) -> tuple[Int64Array, Float32Array]:
        """Put the first candidates in the order of corrected scores.

        Args:
            scores: ``(n,)`` float32 cosines, highest first.
            part_ids: ``(n,)`` int64.
            hubness_m: ``(m,)`` float32 hubness of the first m candidates, m at most n.

        Returns:
            ``(n,)`` int64 places in ``part_ids``, of which those from m on are as they were, and
            ``(n,)`` float32 their corrected scores, highest first; equal ones in order of id.
        """
        depth = len(hubness_m)
        corrected = scores.copy()
        corrected[:depth] -= self.penalties(hubness_m)
        order = np.arange(len(scores))
        order[:depth] = np.lexsort((part_ids[:depth], -corrected[:depth]))
        return order, np.minimum.accumulate(corrected[order])


def hubness(bank_bd: Float32Array, rows_nd: Float32Array) -> Float32Array:
    """Return the mean cosine of each row to the ten nearest queries of a bank.

    Args:
        bank_bd: ``(b, d)`` float32 unit rows, at least 1.
        rows_nd: ``(n, d)`` float32 unit rows.

    Returns:
        ``(n,)`` float32.
    """
    scores_nb = rows_nd @ bank_bd.T
    place = max(0, len(bank_bd) - NEIGHBOURS)
    nearest = np.partition(scores_nb, place, axis=1)[:, place:]
    return np.asarray(nearest.mean(axis=1), np.float32)


def find_hubs(
    bank_bd: Float32Array,
    sample_nd: Float32Array,
    pair_queries_qd: Float32Array,
    pair_rows_qd: Float32Array,
) -> Hubs | None:
    """Measure whether a correction helps.

    Args:
        bank_bd: ``(b, d)`` float32 queries, none of them among the pairs.
        sample_nd: ``(n, d)`` float32 parts that stand for the collection.
        pair_queries_qd: ``(q, d)`` float32 queries whose answer is known.
        pair_rows_qd: ``(q, d)`` float32 their answers, none of them in the sample.

    Returns:
        The correction; None where the pairs' mean reciprocal rank does not rise by a hundredth,
        where their recall at 10 falls, or where there are too few to tell.
    """
    if len(pair_queries_qd) < _MIN_PAIRS or len(bank_bd) < _MIN_PAIRS:
        return None
    gallery = np.concatenate([pair_rows_qd, sample_nd])
    penalty = hubness(bank_bd, gallery)
    usual = float(penalty.mean())
    scores = pair_queries_qd @ gallery.T
    before, after = _ranks(scores), _ranks(scores - np.float32(STRENGTH) * (penalty - usual))
    gains = (1 / after).mean() >= _GAIN * (1 / before).mean()
    return Hubs(bank_bd, usual) if gains and (after <= 10).mean() >= (before <= 10).mean() else None


def _ranks(scores_qn: Float32Array) -> Int64Array:
    """Return the rank of row i's column i, from 1."""
    own = scores_qn[np.arange(len(scores_qn)), np.arange(len(scores_qn))]
    return np.asarray((scores_qn > own[:, np.newaxis]).sum(axis=1) + 1, np.int64)


def parts_beside(
    part_ids: Int64Array, owners: Owners, others: Owners
) -> tuple[Int64Array, Int64Array]:
    """Return for parts the first part of another kind that is of the same record.

    Args:
        part_ids: ``(n,)`` int64 ascending.
        owners: Of parts of their kind.
        others: Of parts of the kind that is looked for.

    Returns:
        ``(m,)`` int64 those of the ids whose record has such a part, ascending, and ``(m,)`` int64
        these parts.
    """
    records = owners.of(part_ids)
    first = np.full(int(max(others.record_ids.max(initial=-1), records.max(initial=-1))) + 2, -1)
    first[others.record_ids[::-1]] = others.part_ids[::-1]  # of several the last one written stays
    found = first[records]  # -1, a part that is gone, is the last place, which no record has
    there = found >= 0
    return part_ids[there], np.asarray(found[there], np.int64)


def hubs_of_pairs(
    part_ids: Int64Array,
    rows: Float32Array,
    own: Int64Array,
    others: Int64Array,
    rows_of: RowsOf,
) -> Hubs | None:
    """Measure on records that have both kinds; every other asks, the rest are the bank.

    Args:
        part_ids: ``(n,)`` int64, ascending: a sample of the parts that are searched.
        rows: ``(n, d)`` float32, their vectors.
        own: Those of the sample that have one of the asking kind beside them.
        others: These.
        rows_of: Returns which of some of these are there, and their vectors.
    """
    places = np.unique(np.linspace(0, len(own) - 1, min(len(own), 2 * _PAIRS)).astype(np.int64))
    own, others = own[places], others[places]
    queried, queries = rows_of(others)
    own = own[np.isin(others, queried)]
    asked, held = np.arange(len(own)) % 2 == 0, np.isin(part_ids, own[::2])
    answers = rows[np.searchsorted(part_ids, own)]
    return find_hubs(queries[~asked], rows[~held], queries[asked], answers[asked])
