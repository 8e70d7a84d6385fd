"""What the words of a query say: which hits are likely, when they say it all, when nothing fits."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from binocle.catalog import tokenizer
from binocle.types import BoolArray, Kind
from search.keyword.bm25_ranker import KeywordRanking, is_model_number
from search.keyword.query_words import parse
from search.query_vectors.query_vector import QueryIntent
from search.ranking.fusion import Weighted
from search.ranking.ranked_query import QueryContext, QueryScorers
from search.relevance import keyword_evidence
from search.relevance.score_model import NOTHING, ScoreModel

_SURE = 0.65  # coverage from which on corrected words are what was meant


def told_by_words(
    view: QueryScorers, words: KeywordRanking, *, described: bool
) -> dict[Kind, ScoreModel | None]:
    """Return the judges of a query with what words say of whether there is an answer.

    Args:
        view: With the judges by vectors.
        words: What they found.
        described: Most of what is looked for has texts, so that words that are not there speak
            against an answer; otherwise they only speak for one.
    """
    told: dict[Kind, ScoreModel | None] = {}
    for kind, scorer in view.scorers.items():
        told[kind] = score_model = scorer.score_model
        if score_model is None:
            continue
        odds = keyword_evidence.odds_together(score_model.answer_odds, words)
        if described or odds > score_model.answer_odds:
            told[kind] = score_model.told(odds, keyword_evidence.NONE_TOGETHER)
    return told


def are_all_denying(score_models: Mapping[Kind, ScoreModel | None]) -> bool:
    """Tell whether by vectors most likely nothing fits, whatever is filtered."""
    known = [score_model for score_model in score_models.values() if score_model is not None]
    return bool(known) and (
        all(score_model.is_no_match(score_model.best) for score_model in known)
        or all(float(score_model.relevance(score_model.best)) < NOTHING for score_model in known)
    )


def never_denying(score_models: Mapping[Kind, ScoreModel | None]) -> dict[Kind, ScoreModel | None]:
    """Return judges where words that nobody ranks by are written in a record.

    Of many single words a model knows nothing. What is relevant, and how much, vectors say alone.
    """
    return {
        kind: score_model and score_model.never_denied()
        for kind, score_model in score_models.items()
    }


def chance(score_models: Mapping[Kind, ScoreModel | None]) -> float | None:
    """Return how likely there is an answer, 0 to 1; None where no vectors tell."""
    odds = [
        score_model.answer_odds for score_model in score_models.values() if score_model is not None
    ]
    return keyword_evidence.probability(max(odds)) if odds else None


def nothing_fits(
    asked: QueryContext,
    view: QueryScorers,
    score_models: Mapping[Kind, ScoreModel | None],
    rankings: Sequence[Weighted],
    words: KeywordRanking | None,
) -> bool:
    """Tell whether no ranking has anything that fits, and one of them can tell.

    A record with all the words fits. Where no hit is at all relevant nothing does. A model number
    that no record has fits nothing, whatever looks like it.
    """
    if (
        asked.intent is not None
        and asked.intent.unsupported_texts
        and not view.scorers
        and words is None
    ):
        return True
    if tell_part(asked, view):
        words = None
    best = [
        (score_model, float(ranking.scores.max()))
        for score_model, ranking in zip(score_models.values(), rankings, strict=False)
        if score_model is not None and len(ranking.scores)
    ]
    judged = [score_model.is_no_match(score) for score_model, score in best]
    if words is not None and asked.intent is not None:
        if is_model_number(asked.intent.words.strip()):
            is_likely = (keyword_evidence.relevance(words) >= keyword_evidence.CUT).any()
            return bool(words.lacks_number or not is_likely)
        if (keyword_evidence.relevance(words, chance(score_models)) >= keyword_evidence.CUT).any():
            return False
        if len(words.record_ids) and words.has_all:
            is_sure = words.coverage >= _SURE
            if is_sure or not judged or not _are_corrected(words, wanted_words(asked.intent)):
                return False
        elif not view.scorers:
            return keyword_evidence.is_no_match(words)
    is_weak = all(float(score_model.relevance(score)) < NOTHING for score_model, score in best)
    may_deny = not any(score_model.is_never_denied for score_model, _ in best)
    return bool(judged) and (all(judged) or (is_weak and may_deny))


def are_likely(
    words: KeywordRanking,
    score_models: Mapping[Kind, ScoreModel | None],
    asked: float | Literal["auto"] | None,
) -> BoolArray:
    """Return which hits by words belong to the relevant set.

    Where words are all there is, and there is an answer, hits down to half the relevance of the
    best do, as with vectors: see ``ScoreModel.cut``.
    """
    if not len(words.scores):
        return np.empty(0, np.bool_)
    chances = keyword_evidence.relevance(words, chance(score_models))
    least = keyword_evidence.CUT if asked in (None, "auto") else float(asked)
    if (
        asked in (None, "auto")
        and not score_models
        and not (keyword_evidence.is_no_match(words) and not words.has_all)
    ):
        chance_alone = keyword_evidence.probability(keyword_evidence.answer_odds(words))
        least = min(least, keyword_evidence.highest(words, chance_alone) / 2)
    return np.asarray(chances >= least)


def tell_part(asked: QueryContext, view: QueryScorers) -> bool:
    """Tell whether the words of a query stand beside pictures that are looked for as well."""
    return bool(view.scorers) and asked.intent is not None and asked.intent.has_pictures


def wanted_words(intent: QueryIntent) -> list[str]:
    """Return the words of a query that are looked for, as they are stored."""
    return [word.token for word in parse(intent.words).words]


def _are_corrected(words: KeywordRanking, typed: Sequence[str]) -> bool:
    """Tell whether the best record has some words otherwise than typed, plurals aside."""
    known = {tokenizer.stem(one) for one in typed}
    found = words.find_words(int(words.scores.argmax()))
    return any(tokenizer.stem(one) not in known for one in " ".join(found).split())


def full_score(asked: QueryContext, words: KeywordRanking) -> float:
    """Return the score from which on words say it all.

    Corrected words count less, but vectors of what was misspelt tell nothing: where the best
    record has all words, and some only corrected, more cannot be had.
    """
    if asked.intent is None or not len(words.record_ids):
        return words.full_score
    typed = wanted_words(asked.intent)
    all_found = len(words.find_words(int(words.scores.argmax()))) >= len(set(typed))
    is_all = all_found and _are_corrected(words, typed)
    return float(words.scores.max()) if is_all else words.full_score
