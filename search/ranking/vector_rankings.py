"""Rankings of one query by vectors: which records' parts are nearest, or above a cut."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from binocle.collection.collection import Collection
from binocle.collection.parts import Owners
from binocle.collection.snapshot import Ranking, Snapshot
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import BoolArray, Int64Array, Kind
from search.query_vectors.query_vector import QueryIntent
from search.ranking.fusion import Weighted, by_bands
from search.ranking.part_rows import rows_of_parts
from search.ranking.query_plan import KindScorer, Plan, Scorers
from search.relevance.calibrator import Relevance
from search.relevance.score_model import ScoreModel


class VectorRankings:
    """Ranks records by their parts' vectors. Thread-safe."""

    def __init__(self, collection: Collection, relevance: Relevance) -> None:
        self._collection = collection
        self._relevance = relevance
        self._first_parts: tuple[tuple[Owners, Int64Array], ...] = ()
        self._texts_beside: tuple[Owners, Owners, bool] | None = None

    def has_texts_beside(self, snapshot: Snapshot) -> bool:
        """Tell whether at least half of the records with pictures have texts, too."""
        owners, written = snapshot.owners(IMAGE), snapshot.owners(TEXT)
        known = self._texts_beside
        if known is not None and known[0] is owners and known[1] is written:
            return known[2]
        pictures, texts = (self.first_parts_of(one) >= 0 for one in (owners, written))
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

    def nearest(
        self,
        plan: Plan,
        scorers: Scorers,
        depth: int,
        known: Mapping[Kind, Ranking] = MappingProxyType({}),
    ) -> dict[Kind, Ranking]:
        """Return of each kind what is nearest of all that passes the filter.

        Args:
            plan: Of the query.
            scorers: From ``scorers``.
            depth: How many of each.
            known: Those that were found already, to this depth.
        """
        found = dict(known)
        for kind in scorers.keys() - known.keys():
            (found[kind],) = plan.snapshot.nearest(
                kind,
                scorers[kind].query_vector.row[np.newaxis],
                depth,
                where=plan.query.where,
                exclude=plan.exclude,
                exact=plan.query.exact,
            )
        return {kind: found[kind] for kind in scorers}

    def above(
        self,
        plan: Plan,
        kind: Kind,
        scorer: KindScorer,
        least: float,
        *,
        filtered: bool,
        within: BoolArray | None = None,
    ) -> Ranking:
        """Return the records of a kind with at least a cosine; see ``Snapshot.above``."""
        return plan.snapshot.above(
            kind,
            scorer.query_vector.row,
            max(least, -2.0),
            where=plan.query.where if filtered else None,
            allowed=within,
            exclude=plan.exclude,
            exact=plan.query.exact,
        )

    def weighted(self, plan: Plan, kind: Kind, scorer: KindScorer, found: Ranking) -> Weighted:
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

    def first_parts_of(self, owners: Owners) -> Int64Array:
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
        first = self.first_parts_of(plan.snapshot.owners(plan.kinds[0]))
        parts = np.full(len(ranking.record_ids), -1, np.int64)
        known = ranking.record_ids < len(first)
        parts[known] = first[ranking.record_ids[known]]
        return replace(ranking.only(parts >= 0), part_ids=parts[parts >= 0], is_beside=True)


def _judge(score_model: ScoreModel | None, intent: QueryIntent) -> ScoreModel | None:
    if score_model is None or not intent.wanted:
        return None
    return score_model.never_same() if intent.unwanted else score_model
