"""Rankings of one query made one.

Vectors of pictures and of texts lie in different cones of a CLIP-like space, so a cosine of
0.3 to a picture and one of 0.7 to a text say nothing about each other; ranks do. Source:
Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009, with their constant 60.

Words are another matter: how much of the query was found says how far to trust them, and ranks
forget it. With words among the rankings, calibrated scores are added instead, after Bruch, Gai and
Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023 (figures:
docs/keywords.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from binocle.media.kinds import KINDS
from binocle.part_kinds import RankingName
from binocle.types import BoolArray, Contribution, Float32Array, Int64Array, Kind
from search.keyword.bm25_ranker import KeywordRanking
from search.ranking.demands import Demands
from search.relevance.score_model import ScoreModel
from search.results.moves import Moves

RANK_CONSTANT = 60
_CALIBRATED_DEPTH = 1000
_PARTIAL_SHARE = 0.6  # of words beside a picture: measured in docs/keywords.md
_LEAST_SHARE = 0.01  # of what vectors count: where one has all words they break ties
_MORE_SHARE, _MOST_SHARE = 0.03, 0.3  # by how many more have as much, and at most
_AS_MUCH = 0.8  # of the best score
_NOWHERE = np.iinfo(np.int64).max // 4

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighted:
    """One ranking of a query, best first, and how much it counts.

    Attributes:
        name: Which ranking, for ``Contribution``.
        weight: From 0; 0 leaves it out.
        record_ids: ``(n,)`` int64, each once.
        part_ids: ``(n,)`` int64; -1 where none is known, as with words.
        scores: ``(n,)`` descending, except that exact ones come first.
        exact: ``(n,)`` bool: comes before all others. None for none.
        find_words: Of the i-th record, see ``KeywordRanking``.
        chances: ``(n,)`` float64 of words, how likely each record is right; None for others.
        full_score: Of words, see ``KeywordRanking``; 0 for the best score there is.
        has_texts: Of words, whether texts have them; False for file names and fields only, which
            say less of a picture than its looks.
        is_partial: Of words that stand beside a picture in the question ("this, but red"): they
            tell part of it, so no number of them found outweighs the vectors.
        is_beside: Its parts are shown only where no other ranking has one.
    """

    name: RankingName
    weight: float
    record_ids: Int64Array
    part_ids: Int64Array
    scores: npt.NDArray[np.floating[Any]]
    exact: BoolArray | None = None
    find_words: Callable[[int], tuple[str, ...]] | None = None
    chances: Float64Array | None = None
    full_score: float = 0.0
    has_texts: bool = True
    is_partial: bool = False
    is_beside: bool = False

    def only(self, kept: BoolArray) -> "Weighted":
        """Return some of the places, ``(n,)`` bool, in the same order."""
        if kept.all():
            return self
        places = np.flatnonzero(kept)
        find = self.find_words
        return replace(
            self,
            record_ids=self.record_ids[kept],
            part_ids=self.part_ids[kept],
            scores=self.scores[kept],
            exact=None if self.exact is None else self.exact[kept],
            chances=None if self.chances is None else self.chances[kept],
            find_words=None if find is None else lambda place: find(int(places[place])),
        )


@dataclass(frozen=True, slots=True)
class Fused:
    """Several rankings made one.

    Attributes:
        record_ids: ``(n,)`` int64, best first, each once.
        part_ids: ``(n,)`` int64 from the vector ranking that placed the record best; -1 where only
            words found it.
        scores: ``(n,)`` float64, descending.
        places: ``(n, r)`` int64 rank in each ranking given, from 1; 0 where it is not there.
        rankings: Those that count.
        worths: ``(n, r)`` float64 what each ranking adds to the score; 0 where it is not there,
            or too far down to count.
        moves: What ranking rules did; None for nothing.
    """

    record_ids: Int64Array
    part_ids: Int64Array
    scores: npt.NDArray[np.float64]
    places: Int64Array
    rankings: tuple[Weighted, ...]
    worths: Float64Array
    moves: Moves | None = None

    def only(self, rows: Int64Array | BoolArray) -> "Fused":
        """Return some of the rows, in the order given."""
        return replace(
            self,
            record_ids=self.record_ids[rows],
            part_ids=self.part_ids[rows],
            scores=self.scores[rows],
            places=self.places[rows],
            worths=self.worths[rows],
            moves=None if self.moves is None else self.moves.only(rows),
        )

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """Return what each ranking says of a place, largest share first, and then rules."""
        total = float(self.worths[place].sum())
        said = []
        each = zip(self.rankings, self.places[place].tolist(), self.worths[place], strict=True)
        for ranking, rank, worth in each:
            if worth > 0:
                words = ranking.find_words(rank - 1) if ranking.find_words else ()
                score = float(ranking.scores[rank - 1])
                said.append(Contribution(ranking.name, rank, score, float(worth) / total, words))
        moved = self.moves.contributions(place) if self.moves is not None else ()
        return (*sorted(said, key=lambda one: -one.share), *moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Records in an order.

    Attributes:
        fused: The records, and what each ranking says of them.
        exact: Whether exhaustive scans would give the same.
        left_out: Of a relevant set, about how many more there are.
        is_complete: There are no more, however deep somebody looks.
        keywords: The ranking by words among them.
        no_match: Nothing fits.
        score_models: What cosines with each kind mean, with what words say taken in.
        demands: What relevant records must have; None for nothing.
    """

    fused: Fused
    exact: bool = True
    left_out: float = 0.0
    is_complete: bool = True
    keywords: KeywordRanking | None = None
    no_match: bool = False
    score_models: Mapping[Kind, ScoreModel | None] = field(default_factory=dict)
    demands: Demands | None = None

    def __len__(self) -> int:
        return len(self.fused.record_ids)

    def only(self, places: Int64Array | BoolArray) -> "Ranked":
        """Return some of the rows, in the order given."""
        return replace(self, fused=self.fused.only(places))


def unfused(record_ids: Int64Array) -> Fused:
    """Return records, ``(n,)`` int64, that no ranking says anything of."""
    count = len(record_ids)
    nowhere, places = np.full(count, -1, np.int64), np.empty((count, 0), np.int64)
    return Fused(record_ids, nowhere, np.zeros(count), places, (), np.empty((count, 0)))


def combine(rankings: Sequence[Weighted], depth: int) -> Fused:
    """Fuse weighted rankings of records into one, band by band.

    The first band are the records among the first ``depth`` of any ranking, the second those
    first found twice as deep, and so on; within a band only ranks down to its depth count. So
    the place of a record does not depend on how much deeper somebody looked, and pages of any
    size fit together. Within a band exact ones come before all others.

    Args:
        rankings: Of the same query, equally deep; those without weight are left out.
        depth: Of the first band, at least 1, the same for all pages.

    Returns:
        The fused ranking. A record's score is the sum over the rankings of its reciprocal rank
        ``weight / (60 + rank)``, ranks from 1, or where words are among them of its calibrated
        score (``_worths``), and more than all of these on top for exact ones. Ties go by record id.
    """
    counted = tuple(ranking for ranking in rankings if ranking.weight > 0)
    if not counted:
        return unfused(np.empty(0, np.int64))
    record_ids = np.unique(np.concatenate([ranking.record_ids for ranking in counted]))
    places = np.zeros((len(record_ids), len(counted)), np.int64)
    worths = np.zeros((len(record_ids), len(counted)))
    part_ids = np.full(len(record_ids), -1, np.int64)
    part_ranks = np.full(len(record_ids), _NOWHERE)
    for number, ranking in enumerate(counted):
        at = np.searchsorted(record_ids, ranking.record_ids)
        ranks = np.arange(1, len(at) + 1)
        places[at, number] = ranks
        worths[at, number] = _worths(ranking, counted, depth)
        if ranking.exact is not None and not ranking.is_partial:
            everything = sum(one.weight for one in counted)
            worths[at[ranking.exact], number] += 2 * everything  # more than all else together
        ranks += _NOWHERE // 2 if ranking.is_beside else 0
        better = (ranking.part_ids >= 0) & (ranks < part_ranks[at])
        part_ids[at[better]] = ranking.part_ids[better]
        part_ranks[at[better]] = ranks[better]
    bands = _bands(np.where(places > 0, places, _NOWHERE).min(axis=1), depth)
    worths[places > bands[:, np.newaxis]] = 0.0
    scores = worths.sum(axis=1)
    order = np.lexsort((record_ids, -scores, bands))
    descending = np.minimum.accumulate(scores[order])
    return Fused(
        record_ids[order], part_ids[order], descending, places[order], counted, worths[order]
    )


def _bands(best_ranks: Int64Array, depth: int) -> Int64Array:
    """Return how deep the band of each record goes."""
    bands = np.full(len(best_ranks), depth, np.int64)
    while (beyond := bands < best_ranks).any():
        bands[beyond] *= 2
    return bands


def _worths(ranking: Weighted, rankings: Sequence[Weighted], depth: int) -> npt.NDArray[np.float64]:
    """Return what each place of a ranking adds to a score, ``(n,)`` float64.

    With words, a cosine counts from 0 at the 1,000th place to 1 at the first, and words by their
    share of what all words of the query in one title would score. The nearer the best title comes
    to that, the less vectors count: few found words leave the order to these, and where one title
    has all of them they break ties. Where many have, vectors count more again: of eighty titles
    with "laptop" words cannot tell the laptops from tables for them. Words beside a picture only
    add to what vectors say. A hundredth of a vector's reciprocal rank orders what is further down.
    """
    reciprocal = 1.0 / (RANK_CONSTANT + np.arange(1, len(ranking.scores) + 1))
    words = next((one for one in rankings if one.name == "keyword"), None)
    if not len(reciprocal) or words is None:
        return ranking.weight * reciprocal
    scores = np.asarray(ranking.scores, np.float64)
    first = scores[: min(depth, _CALIBRATED_DEPTH)]
    best, full_score = _best_and_full(words, depth)
    if ranking.name == "keyword":  # equal ones stay equal, for vectors to tell apart
        weight = ranking.weight * (_PARTIAL_SHARE if words.is_partial else 1.0)
        return np.asarray(weight * np.clip(scores / full_score, 1e-9, 1.0))
    least, most = float(first.min()), float(first.max())
    calibrated = np.clip((scores - least) / max(most - least, 1e-9), 0.0, 1.0)
    share = 1.0
    if words.has_texts and not words.is_partial:
        as_much = words.scores[: min(depth, _CALIBRATED_DEPTH)] >= _AS_MUCH * best
        rivals = max(0, int(np.count_nonzero(as_much)) - 1)
        least = max(_LEAST_SHARE, min(_MORE_SHARE * rivals, _MOST_SHARE))
        share = max(1.0 - (best / full_score) ** 2, least) * KINDS.of(ranking.name).share
    return np.asarray(ranking.weight * share * (calibrated + reciprocal * RANK_CONSTANT / 100))


def _best_and_full(words: Weighted, depth: int) -> tuple[float, float]:
    """Return the best score of words, and what a title with all of them would score, above 0."""
    best = float(words.scores[: min(depth, _CALIBRATED_DEPTH)].max(initial=0.0))
    return best, max(words.full_score, best, 1e-9)


def by_bands(scores: Float32Array, first: int) -> Int64Array:
    """Return the order by score within bands of places: the first, then each four times as deep.

    So a place does not depend on how much deeper somebody looked.
    """
    orders, start, end = [], 0, first
    while start < len(scores):
        orders.append(start + np.argsort(-scores[start:end], kind="stable"))
        start, end = end, 4 * end
    return np.concatenate(orders)
