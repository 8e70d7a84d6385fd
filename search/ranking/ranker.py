"""Rankings of one query: by vectors of pictures, by vectors of texts, by words, and fused.

Two ways lead to a ranking. *Open-ended*: the nearest to some depth, and deeper when somebody
scrolls; nothing is decided about what fits. *Relevant set*: everything above the cut, for what
sorts, counts or groups. Both end in ``Ranked``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Owners, Ranking, Snapshot
from binocle.types import KINDS, BoolArray, Float32Array, Int64Array, Kind
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.query.query import Target
from search.query_vectors.query_vector import QueryVector
from search.ranking import match_decision
from search.ranking.fusion import Fused, Weighted, combine
from search.ranking.ranked_query import KindScorer, QueryContext, QueryScorers, Ranked
from search.relevance import keyword_evidence
from search.relevance.calibrator import Relevance
from search.relevance.score_model import ScoreModel
from search.results.diversity import DedupFeatures, signs_of

FULL_FUSION_PARTS = 10_000
FUSION_DEPTH = 1_000
FIRST_DEPTH = 256
MAX_KEYWORD_HITS = 100_000
SPREAD_SAMPLE = 2_000
_FIRST_WORDS = 100


class Ranker:
    """Ranks records for queries. Thread-safe."""

    def __init__(self, collection: Collection, relevance: Relevance, keywords: Keywords) -> None:
        self._collection = collection
        self._relevance = relevance
        self._keywords = keywords
        self._first_parts: tuple[tuple[Owners, Int64Array], ...] = ()
        self._texts_beside: tuple[Owners, Owners, bool] | None = None

    def has_words(self) -> bool:
        """Tell whether records have texts to be found by words."""
        with self._collection.reading() as session:
            return self._keywords.has_words(session)

    def has_texts_beside(self, snapshot: Snapshot) -> bool:
        """Tell whether at least half of the records with pictures have texts, too."""
        owners, written = snapshot.owners("image"), snapshot.owners("text")
        known = self._texts_beside
        if known is not None and known[0] is owners and known[1] is written:
            return known[2]
        pictures, texts = (self._first_parts_of(one) >= 0 for one in (owners, written))
        shared = min(len(pictures), len(texts))
        both = int(np.count_nonzero(pictures[:shared] & texts[:shared]))
        found = both > 0 and 2 * both >= int(np.count_nonzero(pictures))
        self._texts_beside = owners, written, found
        return found

    def view(self, asked: QueryContext) -> QueryScorers:
        """Return how a query looks at each kind it is ranked over."""
        return self.views([asked])[0]

    def views(self, several: Sequence[QueryContext]) -> list[QueryScorers]:
        """Return what ``view`` returns for each of several queries."""
        views = [QueryScorers() for _ in several]
        for kind in KINDS:
            pairs = [
                (asked.intent, view, asked.snapshot)
                for asked, view in zip(several, views, strict=True)
                if asked.intent is not None and kind in asked.ranked_kinds
            ]
            if not pairs:
                continue
            snapshot = pairs[0][2]
            sample = np.empty((0, 0), np.float32)
            if not all(intent.is_plain for intent, _, _ in pairs):
                sample = self._sample(snapshot, kind)
            query_vectors = [intent.query_vector(sample) for intent, _, _ in pairs]
            sources = [intent.source for intent, _, _ in pairs]
            rows = np.stack([query_vector.row for query_vector in query_vectors])
            change = snapshot.change
            score_models = self._relevance.score_models(
                kind, sources, rows, change=change, together=True
            )
            for (intent, view, _), query_vector, score_model in zip(
                pairs, query_vectors, score_models, strict=True
            ):
                depth = self._relevance.depth(kind, intent.source, change=change)
                view.scorers[kind] = KindScorer(
                    query_vector, score_model if intent.wanted else None, depth
                )
        return views

    def why_unrated(self, asked: QueryContext, view: QueryScorers) -> str | None:
        """Return why no hit has a relevance by vectors; None where one has, or none was asked."""
        if asked.intent is None or any(
            scorer.score_model is not None for scorer in view.scorers.values()
        ):
            return None
        if asked.mode != "keyword" and asked.intent.unsupported_texts and not view.scorers:
            return f"the model cannot read {asked.intent.unsupported_texts[0]!r}"
        if asked.intent.unwanted and not asked.intent.wanted:
            return "nothing is looked for, only kept away from"
        kinds = [kind for kind in asked.kinds if kind in view.scorers]
        return self._relevance.why_unrated(kinds[0], asked.intent.source) if kinds else None

    def ranked(
        self,
        asked: QueryContext,
        view: QueryScorers,
        depth: int,
        known: Mapping[Kind, Ranking] = MappingProxyType({}),
    ) -> Ranked:
        """Rank to a depth, open-ended.

        Args:
            asked: The query.
            view: From ``view``.
            depth: How many of each ranking.
            known: Rankings by vectors that were made already, to this depth.
        """
        rankings: list[Weighted] = []
        exact, is_complete = True, True
        for kind, scorer in view.scorers.items():
            found = (
                known.get(kind)
                or asked.snapshot.nearest(
                    kind,
                    scorer.query_vector.row[np.newaxis],
                    depth,
                    where=asked.query.where,
                    exclude=asked.exclude,
                    exact=asked.query.exact,
                )[0]
            )
            exact = exact and found.exact
            is_complete = is_complete and len(found.record_ids) < depth
            rankings.append(self._weighted(asked, kind, scorer, found))
        words, all_words = self._by_words(asked, depth)
        score_models = self._score_models(asked, view, words)
        no_match = match_decision.nothing_fits(asked, view, score_models, rankings, words)
        if words is not None and (len(words.record_ids) or asked.auxiliary or not rankings):
            rankings.append(_as_weighted(asked, view, words, score_models))
        fused = _fused(rankings, asked.depth)
        return Ranked(fused, exact, is_complete and all_words, words, no_match, score_models)

    def relevant(self, asked: QueryContext, view: QueryScorers, *, filtered: bool) -> Ranked:
        """Return the relevant set, best first: all records above the cut.

        Args:
            asked: The query.
            view: From ``view``.
            filtered: Only records that pass the query's filter.
        """
        if asked.intent is None:
            return self._everything(asked, filtered=filtered)
        where = asked.query.where if filtered else None
        words, _ = self._by_words(asked, MAX_KEYWORD_HITS, filtered=filtered)
        score_models = self._score_models(asked, view, words)
        rankings: list[Weighted] = []
        best: list[Weighted] = []
        for kind, scorer in view.scorers.items():
            least = _least(score_models[kind], asked.query.min_relevance)
            found = asked.snapshot.above(
                kind, scorer.query_vector.row, max(least, -2.0), where=where, exclude=asked.exclude
            )
            top = found
            if not len(found.record_ids):
                (top,) = asked.snapshot.nearest(
                    kind,
                    scorer.query_vector.row[np.newaxis],
                    1,
                    where=where,
                    exclude=asked.exclude,
                )
            best.append(self._weighted(asked, kind, scorer, top))
            weighted = self._weighted(asked, kind, scorer, found)
            kept = weighted.scores >= least
            rankings.append(weighted.only(kept))
        no_match = match_decision.nothing_fits(asked, view, score_models, best, words)
        if words is not None:
            by_words = _as_weighted(asked, view, words, score_models)
            if by_words.is_partial:
                near = np.concatenate([one.record_ids for one in rankings])
                kept = np.isin(by_words.record_ids, near)
            else:
                kept = match_decision.are_likely(words, score_models, asked.query.min_relevance)
            rankings.append(by_words.only(kept))
        fused = _fused(rankings, max(asked.depth, *(len(one.record_ids) for one in rankings), 1))
        return Ranked(fused, True, True, words, no_match, score_models)

    def _score_models(
        self, asked: QueryContext, view: QueryScorers, words: KeywordRanking | None
    ) -> dict[Kind, ScoreModel | None]:
        """Return what cosines with each kind mean, with what words say taken in."""
        score_models = {kind: scorer.score_model for kind, scorer in view.scorers.items()}
        if asked.intent is None or match_decision.tell_part(asked, view):
            return score_models
        described = "image" not in asked.kinds or self._relevance.are_described(asked.intent.source)
        if words is not None:
            return match_decision.told_by_words(view, words, described=described)
        if (
            described
            and match_decision.are_all_denying(score_models)
            and self._are_written(asked.intent.words)
        ):
            return match_decision.never_denying(score_models)
        return score_models

    def _are_written(self, words: str) -> bool:
        """Tell whether a record has all of some words, hardly otherwise than typed."""
        if not words:
            return False
        with self._collection.reading() as session:
            found = self._keywords.search(session, words, 1)
        return found.has_all and found.coverage >= keyword_evidence.WRITTEN

    def _everything(self, asked: QueryContext, *, filtered: bool) -> Ranked:
        mask = asked.snapshot.mask(asked.query.where if filtered else None)
        ids = np.flatnonzero(mask).astype(np.int64)
        nothing = np.full(len(ids), -1, np.int64)
        zeros = np.zeros(len(ids))
        fused = Fused(ids, nothing, zeros, np.empty((len(ids), 0), np.int64), ())
        return Ranked(fused, exact=True, is_complete=True)

    def _weighted(
        self, asked: QueryContext, kind: Kind, scorer: KindScorer, found: Ranking
    ) -> Weighted:
        """Return a ranking by vectors with hubs moved down and negative terms kept away from."""
        record_ids, part_ids, scores = found.record_ids, found.part_ids, found.scores
        if scorer.correction_depth and asked.intent is not None:
            order, scores = self._relevance.reorder(
                kind, asked.intent.source, part_ids, scores, snapshot=asked.snapshot
            )
            record_ids, part_ids = record_ids[order], part_ids[order]
        if scorer.query_vector.repelled and len(part_ids):
            lost = scorer.query_vector.penalties(self.rows(asked.snapshot, kind, part_ids))
            scores = np.asarray(scores - lost, np.float32)
            order = _by_bands(scores, asked.depth)
            record_ids, part_ids, scores = record_ids[order], part_ids[order], scores[order]
        weight = getattr(asked.query.weights, kind)
        ranking = Weighted(kind, weight or 1.0, record_ids, part_ids, scores)
        return self._beside(asked, ranking) if kind in asked.auxiliary else ranking

    def _by_words(
        self, asked: QueryContext, depth: int, *, filtered: bool = True
    ) -> tuple[KeywordRanking | None, bool]:
        """Return the ranking by words where there is one, and whether it is all of it."""
        is_wanted = asked.mode == "keyword" or (
            asked.mode == "hybrid" and asked.query.weights.keyword
        )
        if not is_wanted or asked.intent is None or not asked.intent.words:
            return None, True
        where = asked.query.where if filtered else None
        allowed = asked.snapshot.mask(where)
        if asked.mode == "hybrid" or asked.query.target is not None:
            allowed = self._with_parts(asked, allowed)
        if asked.exclude:
            allowed = allowed.copy()
            allowed[[one for one in asked.exclude if one < len(allowed)]] = False
        with self._collection.reading() as session:
            found = self._keywords.search(session, asked.intent.words, depth, allowed)
        return found, found.total <= len(found.record_ids)

    def _with_parts(self, asked: QueryContext, mask: BoolArray) -> BoolArray:
        """Return those of some records that have a part of the kinds looked at."""
        has = np.zeros(len(mask), np.bool_)
        for kind in asked.kinds:
            first = self._first_parts_of(asked.snapshot.owners(kind))[: len(mask)]
            has[: len(first)] |= first >= 0
        return np.asarray(mask & has)

    def _first_parts_of(self, owners: Owners) -> Int64Array:
        """Return each record's first part by its id, -1 for none; kept, as queries ask for it."""
        for known, parts in self._first_parts:
            if known is owners:
                return parts
        first = np.full(int(owners.record_ids.max(initial=-1)) + 1, -1, np.int64)
        first[owners.record_ids[::-1]] = owners.part_ids[::-1]
        self._first_parts = ((owners, first), *self._first_parts)[: len(KINDS)]
        return first

    def _beside(self, asked: QueryContext, ranking: Weighted) -> Weighted:
        """Return what a ranking by other parts says of the records looked at."""
        first = self._first_parts_of(asked.snapshot.owners(asked.kinds[0]))
        parts = np.full(len(ranking.record_ids), -1, np.int64)
        known = ranking.record_ids < len(first)
        parts[known] = first[ranking.record_ids[known]]
        return replace(ranking.only(parts >= 0), part_ids=parts[parts >= 0], is_beside=True)

    def dedup_features_of(
        self, asked: QueryContext, record_ids: Int64Array, part_ids: Int64Array
    ) -> DedupFeatures:
        """Return what records look like by their parts, or their first parts for -1."""
        part_ids = part_ids.copy()
        lost = part_ids < 0
        hashes = np.empty((0, 32), np.uint8), np.empty(0, np.bool_)
        with self._collection.reading() as session:
            if lost.any():
                nowhere = np.full(int(lost.sum()), -1, np.int64)
                part_ids[lost] = session.parts.at(record_ids[lost], nowhere)
            if asked.query.collapse:
                hashes = session.fingerprints.hashes_of_parts(part_ids.tolist())
        rows = self.rows(asked.snapshot, asked.kinds[0], part_ids)
        for kind in KINDS:
            others = ~rows.any(axis=1)
            if kind != asked.kinds[0] and others.any():
                snapshot = asked.snapshot if kind in asked.kinds else None
                rows[others] = self.rows(snapshot, kind, part_ids[others])
        return DedupFeatures(rows, signs_of(*hashes) if asked.query.collapse else rows[:, :0])

    def rows(self, snapshot: Snapshot | None, kind: Kind, part_ids: Int64Array) -> Float32Array:
        """Return the rows of parts, ``(n, d)``; zeros for those that are not there.

        Args:
            snapshot: Where to look; None for the collection as it is now.
            kind: Of the parts.
            part_ids: ``(n,)`` int64.
        """
        space = self._collection.space
        rows = np.zeros((len(part_ids), space.dimension if space else 0), np.float32)
        if len(part_ids):
            seen = snapshot or self._collection.snapshot((kind,))
            found, known = seen.vectors(kind).rows(part_ids)
            rows[np.isin(part_ids, found)] = known
        return rows

    def _sample(self, snapshot: Snapshot, kind: Kind) -> Float32Array:
        """Return rows spread evenly over a kind, the same for the same parts."""
        vectors = snapshot.vectors(kind)
        ids = vectors.ids()
        if len(ids) > SPREAD_SAMPLE:
            ids = ids[np.linspace(0, len(ids) - 1, SPREAD_SAMPLE).astype(np.int64)]
        return vectors.rows(ids)[1]


def _fused(rankings: Sequence[Weighted], depth: int) -> Fused:
    if len(rankings) == 1:
        one = rankings[0]
        places = np.arange(1, len(one.record_ids) + 1)[:, np.newaxis]
        scores = np.asarray(one.scores, np.float64)
        return Fused(one.record_ids, one.part_ids, scores, places, (one,))
    if not rankings:
        empty = np.empty(0, np.int64)
        return Fused(empty, empty, np.empty(0), np.empty((0, 0), np.int64), ())
    return combine(rankings, depth)


def _as_weighted(
    asked: QueryContext,
    view: QueryScorers,
    words: KeywordRanking,
    score_models: Mapping[Kind, ScoreModel | None],
) -> Weighted:
    return Weighted(
        "keyword",
        asked.query.weights.keyword or 1.0,
        words.record_ids,
        np.full(len(words.record_ids), -1, np.int64),
        words.scores,
        words.exact,
        words.find_words,
        keyword_evidence.relevance(words, match_decision.chance(score_models)),
        match_decision.full_score(asked, words),
        has_texts=not len(words.positions)
        or bool((words.positions[:_FIRST_WORDS] >= 0).any()),  # no matter how deep
        is_partial=match_decision.tell_part(asked, view),
    )


def _by_bands(scores: Float32Array, first: int) -> Int64Array:
    """Return the order by score within bands of places: the first, then each four times as deep.

    So a place does not depend on how much deeper somebody looked.
    """
    orders, start, end = [], 0, first
    while start < len(scores):
        orders.append(start + np.argsort(-scores[start:end], kind="stable"))
        start, end = end, 4 * end
    return np.concatenate(orders)


def _least(score_model: ScoreModel | None, asked: float | Literal["auto"] | None) -> float:
    """Return the cosine from which on a hit is relevant; everything is where nobody can tell."""
    if score_model is None:
        return -np.inf
    return score_model.cut if asked in (None, "auto") else score_model.score_at(float(asked))


def similarities(rows_nd: Float32Array, query_vector: QueryVector) -> npt.NDArray[np.float32]:
    """Return cosines of rows and what is looked for, as an index gives them."""
    return np.asarray(rows_nd.astype(np.float64) @ query_vector.row.astype(np.float64), np.float32)


def default_kinds(target: Target) -> tuple[Kind, ...]:
    """Return the kinds of a target."""
    return KINDS if target == "any" else (target,)
