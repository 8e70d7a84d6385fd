"""What the words of a query say: which hits are likely, when they say it all, when nothing fits."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np

from binocle.catalog import tokenizer
from binocle.types import BoolArray, Kind
from search.keyword.bm25_ranker import KeywordRanking, is_model_number
from search.keyword.query_words import parse
from search.query_vectors.query_vector import QueryIntent
from search.ranking.fusion import Weighted
from search.ranking.query_plan import Plan
from search.relevance import keyword_evidence
from search.relevance.score_model import NOTHING, ScoreModel

_FIRST_WORDS = 100
_SURE = 0.65  # coverage from which on corrected words are what was meant


ScoreModels: TypeAlias = Mapping[Kind, ScoreModel | None]


def told_by_words(
    score_models: ScoreModels, words: KeywordRanking, *, described: bool
) -> ScoreModels:
    """Return the score models of a query with what words say of whether there is an answer.

    Args:
        score_models: By vectors.
        words: What they found.
        described: Most of what is looked for has texts, so that words that are not there speak
            against an answer; otherwise they only speak for one.
    """
    told: dict[Kind, ScoreModel | None] = {}
    for kind, score_model in score_models.items():
        told[kind] = score_model
        if score_model is None:
            continue
        odds = keyword_evidence.odds_together(score_model.answer_odds, words)
        if described or odds > score_model.answer_odds:
            told[kind] = score_model.told(odds, keyword_evidence.NONE_TOGETHER)
    return told


def are_all_denying(score_models: ScoreModels) -> bool:
    """Tell whether by vectors most likely nothing fits, whatever is filtered."""
    known = [score_model for score_model in score_models.values() if score_model is not None]
    return bool(known) and (
        all(score_model.is_no_match(score_model.best) for score_model in known)
        or all(float(score_model.relevance(score_model.best)) < NOTHING for score_model in known)
    )


def never_denying(score_models: ScoreModels) -> ScoreModels:
    """Return judges where words that nobody ranks by are written in a record.

    Of many single words a model knows nothing. What is relevant, and how much, vectors say alone.
    """
    return {
        kind: score_model and score_model.never_denied()
        for kind, score_model in score_models.items()
    }


def nothing_fits(
    plan: Plan,
    score_models: ScoreModels,
    rankings: Sequence[Weighted],
    words: KeywordRanking | None,
) -> bool:
    """Tell whether no ranking has anything that fits, and one of them can tell.

    A record with all the words fits. Where no hit is at all relevant nothing does. A model number
    that no record has fits nothing, whatever looks like it.

    Args:
        plan: Of the query.
        score_models: What cosines with each kind mean, with what words say taken in.
        rankings: By vectors, in the order of the score models.
        words: The ranking by words.
    """
    intent = plan.intent
    if intent is not None and intent.unsupported_texts and not plan.query_vectors and words is None:
        return True
    best = [
        (score_model, float(ranking.scores.max()))
        for score_model, ranking in zip(score_models.values(), rankings, strict=False)
        if score_model is not None and len(ranking.scores)
    ]
    judged = [score_model.is_no_match(score) for score_model, score in best]
    if words is not None and intent is not None and not plan.has_words_beside_pictures:
        if is_model_number(intent.words.strip()):
            is_likely = (keyword_evidence.relevance(words) >= keyword_evidence.CUT).any()
            return bool(words.lacks_number or not is_likely)
        if (keyword_evidence.relevance(words, _chance(score_models)) >= keyword_evidence.CUT).any():
            return False
        if len(words.record_ids) and words.has_all:
            is_sure = words.coverage >= _SURE
            if is_sure or not judged or not _are_corrected(words, _typed(intent)):
                return False
        elif not plan.query_vectors:
            return keyword_evidence.is_no_match(words)
    is_weak = all(float(score_model.relevance(score)) < NOTHING for score_model, score in best)
    may_deny = not any(score_model.is_never_denied for score_model, _ in best)
    return bool(judged) and (all(judged) or (is_weak and may_deny))


def weighted_words(plan: Plan, words: KeywordRanking, score_models: ScoreModels) -> Weighted:
    """Return a ranking by words as it is fused with others.

    Corrected words count less, but vectors of what was misspelt tell nothing: where the best
    record has all words, and some only corrected, more cannot be had, so they say it all.
    """
    full_score = words.full_score
    if plan.intent is not None and len(words.record_ids):
        typed = _typed(plan.intent)
        has_all = len(words.find_words(int(words.scores.argmax()))) >= len(set(typed))
        if has_all and _are_corrected(words, typed):
            full_score = float(words.scores.max())
    return Weighted(
        name="keyword",
        weight=plan.query.weights.keyword or 1.0,
        record_ids=words.record_ids,
        part_ids=np.full(len(words.record_ids), -1, np.int64),
        scores=words.scores,
        exact=words.exact,
        find_words=words.find_words,
        chances=keyword_evidence.relevance(words, _chance(score_models)),
        full_score=full_score,
        has_texts=not len(words.positions)
        or bool((words.positions[:_FIRST_WORDS] >= 0).any()),  # no matter how deep
        is_partial=plan.has_words_beside_pictures,
    )


def are_likely(
    words: KeywordRanking,
    score_models: ScoreModels,
    asked: float | Literal["auto"] | None,
) -> BoolArray:
    """Return which hits by words belong to the relevant set.

    Where words are all there is, and there is an answer, hits down to half the relevance of the
    best do, as with vectors: see ``ScoreModel.cut``.
    """
    if not len(words.scores):
        return np.empty(0, np.bool_)
    chances = keyword_evidence.relevance(words, _chance(score_models))
    least = keyword_evidence.CUT if asked in (None, "auto") else float(asked)
    if (
        asked in (None, "auto")
        and not score_models
        and not (keyword_evidence.is_no_match(words) and not words.has_all)
    ):
        chance_alone = keyword_evidence.probability(keyword_evidence.answer_odds(words))
        least = min(least, keyword_evidence.highest(words, chance_alone) / 2)
    return np.asarray(chances >= least)


def _chance(score_models: ScoreModels) -> float | None:
    """Return how likely there is an answer, 0 to 1; None where no vectors tell."""
    odds = [
        score_model.answer_odds for score_model in score_models.values() if score_model is not None
    ]
    return keyword_evidence.probability(max(odds)) if odds else None


def _typed(intent: QueryIntent) -> list[str]:
    """Return the words of a query that are looked for, as they are stored."""
    return [word.token for word in parse(intent.words).words]


def _are_corrected(words: KeywordRanking, typed: Sequence[str]) -> bool:
    """Tell whether the best record has some words otherwise than typed, plurals aside."""
    known = {tokenizer.stem(one) for one in typed}
    found = words.find_words(int(words.scores.argmax()))
    return any(tokenizer.stem(one) not in known for one in " ".join(found).split())
