"""What the words of a query say: which hits are likely, when they say it all, when nothing fits."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from binocle.catalog import tokens
from binocle.types import BoolArray
from search import found_words
from search.asking import Asked, View
from search.fusion import Weighted
from search.keywords import KeywordRanking
from search.terms import Intent

_MODEL_NUMBER = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])\S{4,}")


def nothing_fits(
    asked: Asked, view: View, rankings: Sequence[Weighted], words: KeywordRanking | None
) -> bool:
    """Tell whether no ranking has anything that fits, and one of them can tell.

    A record with all the words fits, and one with most of what they are worth. A model number that
    no record has fits nothing, whatever looks like it.
    """
    if tell_part(asked, view):
        words = None
    if words is not None and asked.intent is not None:
        if are_likely(words, None).any():
            return False
        if _MODEL_NUMBER.fullmatch(asked.intent.words.strip()):
            return True
        if len(words.record_ids):
            if len(words.find_words(0)) >= len(words_wanted(asked.intent)):
                return False
            if not view.lenses:
                return found_words.is_no_match(float(words.scores.max()), words.full_score)
        elif not view.lenses:
            return True
    judged = [
        lens.judge.is_no_match(float(ranking.scores.max()))
        for lens, ranking in zip(view.lenses.values(), rankings, strict=False)
        if lens.judge is not None and len(ranking.scores)
    ]
    return bool(judged) and all(judged)


def are_likely(words: KeywordRanking, asked: float | Literal["auto"] | None) -> BoolArray:
    """Return which hits by words belong to the relevant set: exact ones, and likely ones."""
    if not len(words.scores):
        return np.empty(0, np.bool_)
    least = found_words.CUT if asked in (None, "auto") else float(asked)
    best = float(words.scores.max())
    chances = found_words.relevance(words.scores, best, words.full_score, words.exact)
    return np.asarray(chances >= least)


def tell_part(asked: Asked, view: View) -> bool:
    """Tell whether the words of a query stand beside pictures that are looked for as well."""
    return bool(view.lenses) and asked.intent is not None and asked.intent.has_pictures


def words_wanted(intent: Intent) -> list[str]:
    """Return the words of a query but those to keep away from."""
    return [word for word in intent.words.split() if not word.startswith("-")]


def full_score(asked: Asked, words: KeywordRanking) -> float:
    """Return the score from which on words say it all.

    Corrected words count less, but vectors of what was misspelt tell nothing: where the best
    record has all words, and some only corrected, more cannot be had.
    """
    if asked.intent is None or not len(words.record_ids):
        return words.full_score
    typed = [word.strip('"').casefold() for word in words_wanted(asked.intent)]
    found = words.find_words(int(words.scores.argmax()))
    known = {tokens.stem(one) for one in typed}
    corrected = any(tokens.stem(one) not in known for one in " ".join(found).split())
    all_found = len(found) >= len(typed)
    return float(words.scores.max()) if corrected and all_found else words.full_score
