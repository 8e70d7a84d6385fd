"""Rankings of one query: by vectors of pictures, by vectors of texts, by words, and fused.

Two ways lead to a ranking. *Open-ended*: the nearest to some depth, and deeper when somebody
scrolls; nothing is decided about what fits. *Relevant set*: everything above the cut, for what
sorts, counts or groups. Both end in ``Ranked``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Owners, Ranking, Snapshot
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import BoolArray, Int64Array, Kind
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.query_vectors.query_vector import QueryIntent
from search.ranking import match_decision
from search.ranking.demands import Demands
from search.ranking.fusion import Fused, Ranked, Weighted, by_bands, combine, unfused
from search.ranking.match_decision import ScoreModels
from search.ranking.part_rows import rows_of_parts
from search.ranking.query_plan import KindScorer, Plan, Scorers
from search.ranking.relevant_set import least_cosine, with_words
from search.relevance.calibrator import Relevance
from search.relevance.score_model import ScoreModel

MAX_KEYWORD_HITS = 100_000


class Ranker:
    """Ranks records for queries. Thread-safe."""

    def __init__(self, collection: Collection, relevance: Relevance, keywords: Keywords) -> None:
        self._collection = collection
        self._relevance = relevance
        self._keywords = keywords
        self._first_parts: tuple[tuple[Owners, Int64Array], ...] = ()
        self._texts_beside: tuple[Owners, Owners, bool] | None = None

    def has_texts_beside(self, snapshot: Snapshot) -> bool:
        """Tell whether at least half of the records with pictures have texts, too."""
        owners, written = snapshot.owners(IMAGE), snapshot.owners(TEXT)
        known = self._texts_beside
        if known is not None and known[0] is owners and known[1] is written:
            return known[2]
        pictures, texts = (self._first_parts_of(one) >= 0 for one in (owners, written))
        shared = min(len(pictures), len(texts))
        both = int(np.count_nonzero(pictures[:shared] & texts[:shared]))
        found = both > 0 and 2 * both >= int(np.count_nonzero(pictures))
        self._texts_beside = owners, written, found
        return found

    def scorers(self, plans: Sequence[Plan]) -> list[dict[Kind, KindScorer]]:
        """Return for each of several queries how it looks at each kind it is ranked over."""
        found: list[dict[Kind, KindScorer]] = [{} for _ in plans]
        for kind in KINDS:
            asked = [
                (plan.intent, plan.query_vectors[kind], own, plan.snapshot.change)
                for plan, own in zip(plans, found, strict=True)
                if plan.intent is not None and kind in plan.query_vectors
            ]
            if not asked:
                continue
            change = asked[0][3]
            score_models = self._relevance.score_models(
                kind,
                [intent.source for intent, _, _, _ in asked],
                np.stack([vector.row for _, vector, _, _ in asked]),
                change=change,
                together=True,
            )
            for (intent, vector, own, _), score_model in zip(asked, score_models, strict=True):
                depth = self._relevance.depth(kind, intent.source, change=change)
                own[kind] = KindScorer(vector, _judge(score_model, intent), depth)
        return found

    def why_unrated(self, plan: Plan, scorers: Scorers) -> str | None:
        """Return why no hit has a relevance by vectors; None where one has, or none was asked."""
        intent = plan.intent
        if intent is None or any(one.score_model is not None for one in scorers.values()):
            return None
        if plan.mode != "keyword" and intent.unsupported_texts and not scorers:
            return f"the model cannot read {intent.unsupported_texts[0]!r}"
        if intent.unwanted and not intent.wanted:
            return "nothing is looked for, only kept away from"
        kinds = [kind for kind in plan.kinds if kind in scorers]
        return self._relevance.why_unrated(kinds[0], intent.source) if kinds else None

    def ranked(
        self,
        plan: Plan,
        scorers: Scorers,
        depth: int,
        known: Mapping[Kind, Ranking] = MappingProxyType({}),
    ) -> Ranked:
        """Rank to a depth, open-ended.

        Args:
            plan: Of the query.
            scorers: From ``scorers``.
            depth: How many of each ranking.
            known: Rankings by vectors that were made already, to this depth.
        """
        rankings: list[Weighted] = []
        exact, is_complete = True, True
        for kind, scorer in scorers.items():
            found = known.get(kind)
            if found is None:
                (found,) = plan.snapshot.nearest(
                    kind,
                    scorer.query_vector.row[np.newaxis],
                    depth,
                    where=plan.query.where,
                    exclude=plan.exclude,
                    exact=plan.query.exact,
                )
            exact = exact and found.exact
            is_complete = is_complete and len(found.record_ids) < depth
            rankings.append(self._weighted(plan, kind, scorer, found))
        words = self._by_words(plan, depth)
        score_models = self._score_models(plan, scorers, words)
        no_match = match_decision.nothing_fits(plan, score_models, rankings, words)
        if words is not None and (len(words.record_ids) or plan.auxiliary or not rankings):
            rankings.append(match_decision.weighted_words(plan, words, score_models))
        return Ranked(
            fused=_fused(rankings, plan.depth),
            exact=exact,
            is_complete=is_complete and (words is None or words.total <= len(words.record_ids)),
            keywords=words,
            no_match=no_match,
            score_models=score_models,
            demands=self._demands(plan, words),
        )

    def relevant(
        self, plan: Plan, scorers: Scorers, *, filtered: bool, within: BoolArray | None = None
    ) -> Ranked:
        """Return the relevant set, best first: all records above the cut.

        Args:
            plan: Of the query.
            scorers: From ``scorers``.
            filtered: Only records that pass the query's filter.
            within: ``(m,)`` bool, only these, by internal record id; None for all.
        """
        where = plan.query.where if filtered else None
        if plan.intent is None:  # every record is as relevant as any other
            mask = plan.snapshot.mask(where)
            return Ranked(fused=unfused(np.flatnonzero(mask).astype(np.int64)))
        words = self._by_words(plan, MAX_KEYWORD_HITS, filtered=filtered, within=within)
        score_models = self._score_models(plan, scorers, words)
        rankings: list[Weighted] = []
        best: list[Weighted] = []
        for kind, scorer in scorers.items():
            least = least_cosine(score_models[kind], plan.query.min_relevance)
            row, exclude = scorer.query_vector.row, plan.exclude
            found = plan.snapshot.above(
                kind, row, max(least, -2.0), where=where, allowed=within, exclude=exclude
            )
            top = found
            if not len(found.record_ids):
                (top,) = plan.snapshot.nearest(
                    kind, row[np.newaxis], 1, where=where, exclude=exclude
                )
            best.append(self._weighted(plan, kind, scorer, top))
            weighted = self._weighted(plan, kind, scorer, found)
            rankings.append(weighted.only(weighted.scores >= least))
        no_match = match_decision.nothing_fits(plan, score_models, best, words)
        demands = self._demands(plan, words)
        if words is not None:
            rankings = with_words(plan, rankings, words, score_models, demands)
        depth = max(plan.depth, *(len(one.record_ids) for one in rankings), 1)
        return Ranked(
            fused=_fused(rankings, depth),
            keywords=words,
            no_match=no_match,
            score_models=score_models,
            demands=demands,
        )

    def _score_models(
        self, plan: Plan, scorers: Scorers, words: KeywordRanking | None
    ) -> ScoreModels:
        """Return what cosines with each kind mean, with what words say taken in."""
        score_models = {kind: scorer.score_model for kind, scorer in scorers.items()}
        if plan.intent is None or plan.has_words_beside_pictures:
            return score_models
        described = self._is_described(plan)
        if words is not None:
            return match_decision.told_by_words(score_models, words, described=described)
        if (
            described
            and match_decision.are_all_denying(score_models)
            and self._are_written(plan.intent.words)
        ):
            return match_decision.never_denying(score_models)
        return score_models

    def _is_described(self, plan: Plan) -> bool:
        """Tell whether most of what is looked at has texts: what they do not say is not there."""
        source = plan.intent.source if plan.intent else None
        return IMAGE not in plan.kinds or self._relevance.are_described(source)

    def _demands(self, plan: Plan, words: KeywordRanking | None) -> Demands | None:
        """Return what a question demands; None where words do not say all that is asked."""
        if words is None or plan.has_words_beside_pictures:
            return None
        says_all = not plan.query_vectors or self._is_described(plan)
        return Demands.of(plan, words) if says_all else None

    def _are_written(self, words: str) -> bool:
        """Tell whether a record has all of some words, hardly otherwise than typed."""
        if not words:
            return False
        with self._collection.reading() as session:
            found = self._keywords.search(session, words, 1)
        return found.has_all and found.coverage >= match_decision.WRITTEN

    def _weighted(self, plan: Plan, kind: Kind, scorer: KindScorer, found: Ranking) -> Weighted:
        """Return a ranking by vectors with hubs moved down and negative terms kept away from."""
        record_ids, part_ids, scores = found.record_ids, found.part_ids, found.scores
        if scorer.correction_depth and plan.intent is not None:
            order, scores = self._relevance.reorder(
                kind, plan.intent.source, part_ids, scores, snapshot=plan.snapshot
            )
            record_ids, part_ids = record_ids[order], part_ids[order]
        if scorer.query_vector.repelled and len(part_ids):
            rows = rows_of_parts(self._collection, plan.snapshot, kind, part_ids)
            scores = np.asarray(scores - scorer.query_vector.penalties(rows), np.float32)
            order = by_bands(scores, plan.depth)
            record_ids, part_ids, scores = record_ids[order], part_ids[order], scores[order]
        weight = plan.query.weights.of(kind) or 1.0
        ranking = Weighted(kind, weight, record_ids, part_ids, scores)
        return self._beside(plan, ranking) if kind in plan.auxiliary else ranking

    def _by_words(
        self, plan: Plan, depth: int, *, filtered: bool = True, within: BoolArray | None = None
    ) -> KeywordRanking | None:
        """Return the ranking by words; None where nobody wants one."""
        if not plan.words:
            return None
        allowed = plan.snapshot.mask(plan.query.where if filtered else None)
        allowed = allowed if within is None else allowed & within[: len(allowed)]
        if plan.mode == "hybrid" or plan.query.target is not None:
            has_parts = np.zeros(len(allowed), np.bool_)  # of the kinds looked at
            for kind in plan.kinds:
                first = self._first_parts_of(plan.snapshot.owners(kind))[: len(allowed)]
                has_parts[: len(first)] |= first >= 0
            allowed = np.asarray(allowed & has_parts)
        if plan.exclude:
            allowed = allowed.copy()
            allowed[[one for one in plan.exclude if one < len(allowed)]] = False
        with self._collection.reading() as session:
            return self._keywords.search(session, plan.words, depth, allowed)

    def _first_parts_of(self, owners: Owners) -> Int64Array:
        """Return each record's first part by its id, -1 for none; kept, as queries ask for it."""
        for known, parts in self._first_parts:
            if known is owners:
                return parts
        first = np.full(int(owners.record_ids.max(initial=-1)) + 1, -1, np.int64)
        first[owners.record_ids[::-1]] = owners.part_ids[::-1]
        self._first_parts = ((owners, first), *self._first_parts)[: len(KINDS)]
        return first

    def _beside(self, plan: Plan, ranking: Weighted) -> Weighted:
        """Return what a ranking by other parts says of the records looked at."""
        first = self._first_parts_of(plan.snapshot.owners(plan.kinds[0]))
        parts = np.full(len(ranking.record_ids), -1, np.int64)
        known = ranking.record_ids < len(first)
        parts[known] = first[ranking.record_ids[known]]
        return replace(ranking.only(parts >= 0), part_ids=parts[parts >= 0], is_beside=True)


def _judge(score_model: ScoreModel | None, intent: QueryIntent) -> ScoreModel | None:
    if score_model is None or not intent.wanted:
        return None
    return score_model.never_same() if intent.unwanted else score_model


def _fused(rankings: Sequence[Weighted], depth: int) -> Fused:
    if len(rankings) != 1:
        return combine(rankings, depth)
    one = rankings[0]
    places = np.arange(1, len(one.record_ids) + 1)[:, np.newaxis]
    scores, worths = np.asarray(one.scores, np.float64), np.ones(places.shape)
    return Fused(one.record_ids, one.part_ids, scores, places, (one,), worths)
