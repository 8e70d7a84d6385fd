"""What the words of a query say: which hits are likely, when they say it all, when nothing fits.

What counts is the *coverage*: how much of what a query's words are worth one record has. A word is
worth its rarity, and one that no record has is worth most, so that a query whose only informative
word is missing has no answer, however many of its other words are found. Whoever found all of one
rare word has found more than whoever found all of one common word, so the worth of what was found
counts as well where words are all there is to go by. Where vectors are, both are taken together:
these know what the thing looks like, and words that it is named.

Which of the hits is right depends on how far the others stay behind. The figures and how they were
found: docs/relevance.md.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from binocle.catalog import tokenizer
from binocle.types import Kind
from search.keyword.bm25_ranker import KeywordRanking, is_model_number
from search.keyword.query_words import parse
from search.query_vectors.query_vector import QueryIntent
from search.ranking.fusion import Weighted
from search.ranking.query_plan import Plan
from search.relevance.score_model import NOTHING, ScoreModel

CUT = 0.34  # as for vectors: the relevance from which on hits are in the relevant set
_NONE = 0.3  # an answer by words alone less likely than this is none
NONE_TOGETHER = 0.15  # the same for words and vectors
WRITTEN = 0.8999  # coverage from which on words are there as typed, plurals aside, within rounding
_LEAST_COVERAGE = 0.02
_COVERED, _FOUND, _ALONE = 2.5, 1.3, 1.0  # weights by words alone
_TOGETHER, _EVEN = 3.5, 0.4  # what coverage adds to what vectors say, and where it adds nothing
_AT_LEAST = 2.0  # log-odds by which vectors lower what words say that are all found
_LACKING = 0.0  # log-odds of an answer at most where a model number is nowhere
_EXACT = 0.95  # of a record with just the model number, brand or text asked for
_EXACT_EVEN, _EXACT_STEEP = 0.25, 4.0
_BEST, _BEST_EVEN, _BEST_STEEP = 0.95, 0.3, 8.0  # how likely the best hit is right, by coverage
_FIRST_WORDS = 100
_SURE = 0.65  # coverage from which on corrected words are what was meant

Float64Array = npt.NDArray[np.float64]
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
        odds = odds_together(score_model.answer_odds, words)
        if described or odds > score_model.answer_odds:
            told[kind] = score_model.told(odds, NONE_TOGETHER)
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
            is_likely = (relevance_of_words(words) >= CUT).any()
            return bool(words.lacks_number or not is_likely)
        if (relevance_of_words(words, chance_of(score_models)) >= CUT).any():
            return False
        if len(words.record_ids) and words.has_all:
            is_sure = words.coverage >= _SURE
            if is_sure or not judged or not _are_corrected(words, _typed(intent)):
                return False
        elif not plan.query_vectors:
            return is_no_match(words)
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
        chances=relevance_of_words(words, chance_of(score_models)),
        full_score=full_score,
        has_texts=not len(words.positions)
        or bool((words.positions[:_FIRST_WORDS] >= 0).any()),  # no matter how deep
        is_partial=plan.has_words_beside_pictures,
    )


def chance_of(score_models: ScoreModels) -> float | None:
    """Return how likely there is an answer, 0 to 1; None where no vectors tell."""
    odds = [
        score_model.answer_odds for score_model in score_models.values() if score_model is not None
    ]
    return probability(max(odds)) if odds else None


def _typed(intent: QueryIntent) -> list[str]:
    """Return the words of a query that are looked for, as they are stored."""
    return [word.token for word in parse(intent.words).words]


def _are_corrected(words: KeywordRanking, typed: Sequence[str]) -> bool:
    """Tell whether the best record has some words otherwise than typed, plurals aside."""
    known = {tokenizer.stem(one) for one in typed}
    found = words.find_words(int(words.scores.argmax()))
    return any(tokenizer.stem(one) not in known for one in " ".join(found).split())


def answer_odds(words: KeywordRanking) -> float:
    """Return the log-odds that a collection has an answer, by words alone.

    It rises with the coverage and with what all words of the query are worth. Without a model
    number that was asked for, an answer is as likely as none at most.
    """
    least = max(words.coverage, _LEAST_COVERAGE)
    found = _COVERED * math.log(least) + _FOUND * words.coverage * words.worth + _ALONE
    return min(found, _LACKING) if words.lacks_number else found


def odds_together(vectors: float, words: KeywordRanking) -> float:
    """Return the log-odds that a collection has an answer, by vectors and words.

    Args:
        vectors: The log-odds by vectors.
        words: What they found.

    Returns:
        It rises with the vectors' log-odds, the coverage and the worth. Where all words are found,
        vectors lower it only so far: of words that a model does not know, as those of another
        language, they tell nothing.
    """
    both = vectors + _TOGETHER * (words.coverage - _EVEN)
    missing = _COVERED * math.log(max(words.coverage, _LEAST_COVERAGE))
    found = max(both, answer_odds(words) + missing - _AT_LEAST)
    return min(found, _LACKING) if words.lacks_number else found


def relevance_of_words(words: KeywordRanking, chance: float | None = None) -> Float64Array:
    """Return how likely hits by words are right.

    A number that happens to be in a record makes it exact, though nothing else of a long query is
    there: exact hits too are as likely as an answer is by their own share.

    Args:
        words: The ranking.
        chance: How likely the collection has an answer, 0 to 1; None for what words alone say.

    Returns:
        ``(n,)`` float64 from 0 to 0.95, higher for higher scores but for exact ones.
    """
    if not len(words.scores):
        return np.zeros(0)
    if chance is None:
        chance = probability(answer_odds(words))
    first = highest_chance(words, chance)
    share = np.maximum(words.shares, 1e-6)
    found = np.minimum(share / max(words.coverage, 1e-6), 1.0)
    likely = first * found**3 * np.sqrt(words.scores / max(words.best_score, 1e-9))
    certain = _EXACT * (1.0 if words.names else chance)
    certain_n = certain / (1.0 + (_EXACT_EVEN / share) ** _EXACT_STEEP)
    return np.asarray(np.where(words.exact, np.maximum(likely, certain_n), likely), np.float64)


def highest_chance(words: KeywordRanking, chance: float) -> float:
    """Return how likely the best record of the collection is right, whatever is allowed.

    Args:
        words: The ranking.
        chance: As for ``relevance_of_words``.
    """
    return chance * _BEST * probability(_BEST_STEEP * (words.coverage - _BEST_EVEN))


def is_no_match(words: KeywordRanking) -> bool:
    """Tell whether nothing fits, by words alone."""
    return probability(answer_odds(words)) < _NONE


def probability(odds: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))
