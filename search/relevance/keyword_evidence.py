"""How likely a record that words found is what was asked for.

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

import numpy as np
import numpy.typing as npt

from search.keyword.bm25_ranker import KeywordRanking

CUT = 0.34  # as for vectors: the relevance from which on hits are in the relevant set
NONE = 0.3  # an answer by words alone less likely than this is none
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

Float64Array = npt.NDArray[np.float64]


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


def relevance(words: KeywordRanking, chance: float | None = None) -> Float64Array:
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
    first = highest(words, chance)
    likely = first * (words.scores / max(words.best_score, 1e-9)) ** 3
    share = np.maximum(words.shares, 1e-6)
    certain = _EXACT * (1.0 if words.names else chance)
    certain_n = certain / (1.0 + (_EXACT_EVEN / share) ** _EXACT_STEEP)
    return np.asarray(np.where(words.exact, np.maximum(likely, certain_n), likely), np.float64)


def highest(words: KeywordRanking, chance: float) -> float:
    """Return how likely the best record of the collection is right, whatever is allowed.

    Args:
        words: The ranking.
        chance: As for ``relevance``.
    """
    return chance * _BEST * probability(_BEST_STEEP * (words.coverage - _BEST_EVEN))


def is_no_match(words: KeywordRanking) -> bool:
    """Tell whether nothing fits, by words alone."""
    return probability(answer_odds(words)) < NONE


def probability(odds: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))
