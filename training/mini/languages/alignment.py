"""Rows for the new tokens from what they stand beside: no training, minutes at most.

Captions of one photo in two languages say about the same. The first model of Brown et al. (1993)
finds which English tokens each new one translates, and the new row is the mean of theirs. What
that misses is added from linear regression: what a token says about a picture, beyond what its
translations say, is turned into a row by the map that does so for English tokens.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import Float32Array

_ROUNDS = 6
_BEST = 8
_CERTAIN = 0.3  # share of a token's three best translations from which it counts fully
_LEXICON = 40.0  # captions that one entry of the lexicon counts as
_PER_PICTURE = 3
_RIDGE = 2.0
_MAP_RIDGE = 0.1
_CORRECTION = 0.6
_REGRESSED = 3  # times, for a coefficient
_SEEN = 10  # times, for a correction


@dataclass(frozen=True, slots=True)
class Bitext:
    """What says the same: tokens of a new language, and English tokens with how often they occur.

    Attributes:
        foreign: Lists of tokens.
        english: For each, the English tokens and their counts.
    """

    foreign: list[list[int]]
    english: list[Counter[int]]


@dataclass(frozen=True, slots=True)
class Translations:
    """The best English tokens of each new one, as numbers and weights that add up to one.

    Attributes:
        tokens: By new token.
        weights: Likewise.
        certainty: Likewise, 0 to 1.
    """

    tokens: dict[int, npt.NDArray[np.int64]]
    weights: dict[int, Float32Array]
    certainty: dict[int, float]


def bitext(
    foreign: Sequence[Sequence[int]],
    pictures: Sequence[int],
    english: Sequence[Sequence[int]],
    english_pictures: Sequence[int],
    lexicon: Sequence[tuple[Sequence[int], Sequence[int]]],
) -> Bitext:
    """Bring captions of the same pictures together, and the two sides of the lexicon."""
    beside: dict[int, Counter[int]] = defaultdict(Counter)
    for tokens, picture in zip(english, english_pictures, strict=True):
        beside[picture].update(tokens)
    left, right, taken = [], [], Counter[int]()
    for tokens, picture in zip(foreign, pictures, strict=True):
        taken[picture] += 1
        if taken[picture] <= _PER_PICTURE and beside[picture]:
            left.append(list(tokens))
            right.append(beside[picture])
    for tokens, meant in lexicon:
        if tokens and meant:
            left.append(list(tokens))
            right.append(Counter({token: int(_LEXICON) for token in meant}))
    return Bitext(left, right)


def translate(texts: Bitext, size: int) -> Translations:
    """Find the English tokens that new ones translate.

    Args:
        texts: What says the same.
        size: Of the new vocabulary; its last but one, plus one, stands for "no token at all".
    """
    foreign, english, counts, places = _cells(texts, size)
    width = int(english.max()) + 1
    keys, cell = np.unique(foreign * width + english, return_inverse=True)
    of, to = keys // width, keys % width
    chance = np.ones(len(keys))
    for _ in range(_ROUNDS):
        share = chance[cell]
        total = np.bincount(places, share)
        expected = np.bincount(cell, counts * share / total[places], len(keys))
        every = np.bincount(of, expected, size + 1)
        chance = expected / (every[of] + 2)
    order = np.lexsort((-chance, of))
    first = np.searchsorted(of[order], np.arange(size + 1))
    found = Translations({}, {}, {})
    for token in range(size):
        best = order[first[token] : first[token + 1]][:_BEST]
        if len(best) and chance[best].sum() > 0:
            found.tokens[token] = to[best]
            found.weights[token] = (chance[best] / chance[best].sum()).astype(np.float32)
            found.certainty[token] = min(1.0, float(chance[best][:3].sum()) / _CERTAIN)
    return found


def _cells(texts: Bitext, nothing: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Return every pair of tokens that could translate each other: both, count, and place."""
    parts: list[list[npt.NDArray[np.int64]]] = [[], [], [], []]
    start = 0
    for tokens, meant in zip(texts.foreign, texts.english, strict=True):
        left = np.array([*tokens, nothing])
        right, count = np.array(list(meant)), np.array(list(meant.values()))
        parts[0].append(np.repeat(left, len(right)))
        parts[1].append(np.tile(right, len(left)))
        parts[2].append(np.tile(count, len(left)))
        parts[3].append(np.tile(np.arange(start, start + len(right)), len(left)))
        start += len(right)
    return tuple(np.concatenate(part) for part in parts)


def rows_of(found: Translations, english: Float32Array, neutral: Float32Array) -> Float32Array:
    """Return a row for each translated token, in the order of ``found.tokens``.

    Args:
        found: Translations.
        english: ``(m, d)`` rows of the English tokens.
        neutral: ``(d,)`` the row of a word that says nothing, for what has no clear translation.
    """
    lengths = np.linalg.norm(english, axis=1)
    rows = []
    for token, meant in found.tokens.items():
        weights, sure = found.weights[token], found.certainty[token]
        mean = weights @ english[meant]
        mean *= 0.9 * float(weights @ lengths[meant]) / max(float(np.linalg.norm(mean)), 1e-6)
        rows.append(sure * mean + (1 - sure) * neutral)
    return np.stack(rows).astype(np.float32)


def regress(
    tokens: Sequence[Sequence[int]], targets: Float32Array, size: int
) -> tuple[Float32Array, Float32Array]:
    """Say what each token tells about a picture: ridge regression on bags of tokens.

    Args:
        tokens: Of texts.
        targets: ``(t, d)`` the row each text should have, less their mean.
        size: Of the vocabulary.

    Returns:
        ``(size, d)`` coefficients and ``(size,)`` in how many texts each token is.
    """
    bags = [np.array(sorted(set(one)), np.int64) for one in tokens]
    counts = np.bincount(np.concatenate(bags), minlength=size).astype(np.float32)
    used = np.flatnonzero(counts >= _REGRESSED)
    number = np.full(size, -1)
    number[used] = np.arange(len(used))
    sums = np.zeros((len(used), targets.shape[1]), np.float32)
    pairs, shares = [], []
    for bag, target in zip(bags, targets, strict=True):
        kept = number[bag]
        kept = kept[kept >= 0]
        sums[kept] += target / np.sqrt(len(bag))
        pairs.append((kept[:, None] * len(used) + kept).ravel())
        shares.append(np.full(len(kept) ** 2, 1 / len(bag), np.float32))
    every = np.bincount(np.concatenate(pairs), np.concatenate(shares), len(used) ** 2)
    squares = every.reshape(len(used), len(used)).astype(np.float32)
    squares[np.arange(len(used)), np.arange(len(used))] += _RIDGE
    told = np.zeros((size, targets.shape[1]), np.float32)
    told[used] = np.linalg.solve(squares, sums)
    return told, counts


def corrections(
    found: Translations,
    told: tuple[Float32Array, Float32Array],
    english_told: tuple[Float32Array, Float32Array],
    english: Float32Array,
) -> Float32Array:
    """Return what to add to ``rows_of``: what its translations do not tell about pictures.

    Args:
        found: Translations.
        told: As ``regress`` returns, of the new language.
        english_told: Likewise, of English.
        english: ``(m, d)`` rows of the English tokens.
    """
    kept = np.flatnonzero(english_told[1][: len(english)] >= _SEEN)
    weight = np.sqrt(english_told[1][kept])[:, None]
    source, rows = (
        (one - np.average(one, 0, weight[:, 0])) * np.sqrt(weight)
        for one in (english_told[0][kept], english[kept])
    )
    squares = source.T @ source
    squares += _MAP_RIDGE * np.trace(squares) / len(squares) * np.eye(len(squares))
    to_rows = np.linalg.solve(squares, source.T @ rows)
    added = np.zeros((len(found.tokens), english.shape[1]), np.float32)
    for at, (token, meant) in enumerate(found.tokens.items()):
        if told[1][token] >= _SEEN:
            said = found.certainty[token] * (found.weights[token] @ english_told[0][meant])
            added[at] = _CORRECTION * (told[0][token] - said) @ to_rows
    return added
