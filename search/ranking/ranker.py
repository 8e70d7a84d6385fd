"""Rankings of one query: by vectors of pictures, by vectors of texts, by words, and fused.

Two ways lead to a ranking. *Open-ended*: the nearest to some depth, and deeper when somebody
scrolls; nothing is decided about what fits. *Relevant set*: everything above the cut, for what
sorts, counts or groups. Both end in ``Ranked``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.snapshot import Ranking
from binocle.media.kinds import IMAGE
from binocle.types import BoolArray, Kind
from search.keyword.bm25_ranker import KeywordRanking, Keywords
from search.ranking import match_decision, moving
from search.ranking.demands import Demands
from search.ranking.fusion import Fused, Ranked, Weighted, combine, unfused
from search.ranking.match_decision import ScoreModels
from search.ranking.query_plan import KindScorer, Plan, Scorers
from search.ranking.relevant_set import least_cosine, with_words
from search.ranking.vector_rankings import VectorRankings
from search.relevance.calibrator import Relevance
from search.rules.ranking_rules import SynonymTable

MAX_KEYWORD_HITS = 100_000


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What was found for a query's first page and its count, so that neither looks again.

    Attributes:
        depth: Of the first page.
        nearest: Of each kind, what passes the filter, to that depth.
        words: All that have words and pass the filter; None where nobody asked, or not for all.
    """

    depth: int = 0
    nearest: Mapping[Kind, Ranking] = field(default_factory=dict)
    words: KeywordRanking | None = None

    def above(self, kind: Kind, least: float) -> Ranking | None:
        """Return all records with at least a cosine; None where there may be more of them."""
        found = self.nearest.get(kind)
        if found is None or not found.exact:
            return None
        count = int(np.count_nonzero(found.scores >= least))
        return found.head(count) if count < max(len(found.scores), self.depth) else None


NOTHING_SEEN = FirstLook()


class Ranker:
    """Ranks records for queries. Thread-safe."""

    def __init__(self, collection: Collection, relevance: Relevance, keywords: Keywords) -> None:
        self._collection = collection
        self._relevance = relevance
        self._keywords = keywords
        self.vectors = VectorRankings(collection, relevance)

    def first_look(
        self, plan: Plan, scorers: Scorers, depth: int, known: Mapping[Kind, Ranking]
    ) -> FirstLook:
        """Find what the first page and the count of a query need.

        Args:
            plan: Of the query.
            scorers: From ``VectorRankings.scorers``.
            depth: Of the first page.
            known: What vectors found already, to that depth.
        """
        nearest = self.vectors.nearest(plan, scorers, depth, known)
        is_small = plan.snapshot.count_records() <= MAX_KEYWORD_HITS
        words = self._by_words(plan, MAX_KEYWORD_HITS) if is_small else None
        return FirstLook(depth, nearest, words)

    def ranked(
        self,
        plan: Plan,
        scorers: Scorers,
        depth: int,
        seen: FirstLook = NOTHING_SEEN,
    ) -> Ranked:
        """Rank to a depth, open-ended.

        Args:
            plan: Of the query.
            scorers: From ``scorers``.
            depth: How many of each ranking.
            seen: What was found already, to this depth.
        """
        rankings: list[Weighted] = []
        exact, is_complete = True, True
        for kind, found in self.vectors.nearest(plan, scorers, depth, seen.nearest).items():
            exact = exact and found.exact
            is_complete = is_complete and len(found.record_ids) < depth
            rankings.append(self.vectors.weighted(plan, kind, scorers[kind], found))
        words = self._by_words(plan, depth) if seen.words is None else seen.words.first(depth)
        score_models = self._score_models(plan, scorers, words)
        no_match = match_decision.nothing_fits(plan, score_models, rankings, words)
        if words is not None and (len(words.record_ids) or plan.auxiliary or not rankings):
            rankings.append(match_decision.weighted_words(plan, words, score_models))
        ranked = Ranked(
            fused=_fused(rankings, plan.depth),
            exact=exact,
            is_complete=is_complete and (words is None or words.total <= len(words.record_ids)),
            keywords=words,
            no_match=no_match,
            score_models=score_models,
            demands=self._demands(plan, words),
        )
        return moving.moved(plan, ranked)

    def relevant(
        self,
        plan: Plan,
        scorers: Scorers,
        *,
        filtered: bool,
        within: BoolArray | None = None,
        seen: FirstLook = NOTHING_SEEN,
    ) -> Ranked:
        """Return the relevant set, best first, rules aside: all records above the cut.

        Args:
            plan: Of the query.
            scorers: From ``scorers``.
            filtered: Only records that pass the query's filter.
            within: ``(m,)`` bool, only these, by internal record id; None for all.
            seen: What was found already of what passes the filter, where only that is asked.
        """
        if plan.intent is None:  # every record is as relevant as any other
            mask = plan.snapshot.mask(plan.query.where if filtered else None)
            return Ranked(fused=unfused(np.flatnonzero(mask).astype(np.int64)))
        words = seen.words
        if words is None:
            words = self._by_words(plan, MAX_KEYWORD_HITS, filtered=filtered, within=within)
        score_models = self._score_models(plan, scorers, words)
        rankings: list[Weighted] = []
        best: list[Weighted] = []
        exact, left_out = True, 0.0
        for kind, scorer in scorers.items():
            least = least_cosine(score_models[kind], plan.query.min_relevance)
            found = seen.above(kind, least) or self.vectors.above(
                plan, kind, scorer, least, filtered=filtered, within=within
            )
            exact, left_out = exact and found.exact, left_out + found.left_out
            weighted = self.vectors.weighted(plan, kind, scorer, found)
            rankings.append(weighted.only(weighted.scores >= least))
            if not len(found.record_ids):
                weighted = self._best_of(plan, kind, scorer, filtered=filtered, seen=seen)
            best.append(weighted)
        no_match = match_decision.nothing_fits(plan, score_models, best, words)
        demands = self._demands(plan, words)
        if words is not None:
            rankings = with_words(plan, rankings, words, score_models, demands)
        depth = max(plan.depth, *(len(one.record_ids) for one in rankings), 1)
        return Ranked(
            fused=_fused(rankings, depth), keywords=words, no_match=no_match,
            score_models=score_models, demands=demands, exact=exact, left_out=left_out,
        )  # fmt: skip

    def _best_of(
        self, plan: Plan, kind: Kind, scorer: KindScorer, *, filtered: bool, seen: FirstLook
    ) -> Weighted:
        """Return the best record of a kind, where none is above the cut."""
        found = seen.nearest.get(kind)
        if found is None:
            (found,) = plan.snapshot.nearest(
                kind,
                scorer.query_vector.row[np.newaxis],
                1,
                where=plan.query.where if filtered else None,
                exclude=plan.exclude,
            )
        return self.vectors.weighted(plan, kind, scorer, found.head(1))

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
            and self._are_written(plan.intent.words, plan.rules.synonyms)
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

    def _are_written(self, words: str, synonyms: SynonymTable) -> bool:
        """Tell whether a record has all of some words, hardly otherwise than typed."""
        if not words:
            return False
        with self._collection.reading() as session:
            found = self._keywords.search(session, words, 1, synonyms=synonyms)
        return found.has_all and found.coverage >= match_decision.WRITTEN

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
                first = self.vectors.first_parts_of(plan.snapshot.owners(kind))[: len(allowed)]
                has_parts[: len(first)] |= first >= 0
            allowed = np.asarray(allowed & has_parts)
        if plan.exclude:
            allowed = allowed.copy()
            allowed[[one for one in plan.exclude if one < len(allowed)]] = False
        with self._collection.reading() as session:
            return self._keywords.search(
                session, plan.words, depth, allowed, plan.rules.synonyms, plan.query.optional
            )


def _fused(rankings: Sequence[Weighted], depth: int) -> Fused:
    if len(rankings) != 1:
        return combine(rankings, depth)
    one = rankings[0]
    places = np.arange(1, len(one.record_ids) + 1)[:, np.newaxis]
    scores, worths = np.asarray(one.scores, np.float64), np.ones(places.shape)
    return Fused(one.record_ids, one.part_ids, scores, places, (one,), worths)
