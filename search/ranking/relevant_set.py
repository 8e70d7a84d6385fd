"""What of the rankings of a query belongs to its relevant set."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from binocle.types import BoolArray
from search.keyword.bm25_ranker import KeywordRanking
from search.ranking.demands import Demands
from search.ranking.fusion import Weighted
from search.ranking.match_decision import (
    CUT,
    WRITTEN,
    ScoreModels,
    answer_odds,
    chance_of,
    highest_chance,
    is_no_match,
    probability,
    relevance_of_words,
    weighted_words,
)
from search.ranking.query_plan import Plan
from search.relevance.score_model import ScoreModel


def with_words(
    plan: Plan,
    rankings: Sequence[Weighted],
    words: KeywordRanking,
    score_models: ScoreModels,
    demands: Demands | None,
) -> list[Weighted]:
    """Return the rankings by vectors of a relevant set, and that by words.

    Args:
        plan: Of the query.
        rankings: By vectors, what is above the cut.
        words: What words found.
        score_models: What cosines with each kind mean.
        demands: What the words demand.
    """
    by_words = weighted_words(plan, words, score_models)
    if by_words.is_partial:
        near = np.concatenate([one.record_ids for one in rankings])
        return [*rankings, by_words.only(np.isin(by_words.record_ids, near))]
    asked = plan.query.min_relevance
    if asked not in (None, "auto"):
        return _as_relevant(float(asked), rankings, by_words, score_models, demands)
    kept = are_likely(words, score_models)
    if demands is not None:
        kept = (kept | (words.shares >= WRITTEN)) & demands.has(words.record_ids)
        rankings = [one.only(demands.has(one.record_ids)) for one in rankings]
    elif words.has_all and not kept.any() and not any(len(one.record_ids) for one in rankings):
        kept = words.shares >= WRITTEN  # as a record with all the words fits, it is relevant
    return [*rankings, by_words.only(kept)]


def _as_relevant(
    asked: float,
    rankings: Sequence[Weighted],
    by_words: Weighted,
    score_models: ScoreModels,
    demands: Demands | None,
) -> list[Weighted]:
    """Return of rankings what is as relevant as somebody asked, 0 to 1."""
    kept = []
    for one in [*rankings, by_words]:
        relevances = one.chances
        if relevances is None:
            model = next((model for kind, model in score_models.items() if kind == one.name), None)
            relevances = None if model is None else model.relevance(one.scores)
        if relevances is None:  # nobody can tell
            kept.append(one)
            continue
        if demands is not None:
            relevances = demands.weaken(one.record_ids, relevances)
        kept.append(one.only(relevances >= asked))
    return kept


def are_likely(words: KeywordRanking, score_models: ScoreModels) -> BoolArray:
    """Return which hits by words belong to the relevant set.

    Where words are all there is, and there is an answer, hits down to half the relevance of the
    best do, as with vectors: see ``ScoreModel.cut``.
    """
    if not len(words.scores):
        return np.empty(0, np.bool_)
    least = CUT
    if not score_models and (words.has_all or not is_no_match(words)):
        least = min(least, highest_chance(words, probability(answer_odds(words))) / 2)
    return np.asarray(relevance_of_words(words, chance_of(score_models)) >= least)


def least_cosine(score_model: ScoreModel | None, asked: float | Literal["auto"] | None) -> float:
    """Return the cosine from which on a hit is relevant; everything is where nobody can tell."""
    if score_model is None:
        return -np.inf
    return score_model.cut if asked in (None, "auto") else score_model.score_at(float(asked))
