"""Rows of new tokens from those of the English tokens that they translate."""

from collections import Counter

import numpy as np
import pytest

from training.mini.languages.alignment import (
    bitext,
    corrections,
    regress,
    rows_of,
    translate,
)

SIZE = 20
HUND, KATZE, ROT = 10, 11, 12
DOG, CAT, RED = 0, 1, 2
FOREIGN = [[HUND], [KATZE], [ROT, HUND], [ROT, KATZE]] * 5
ENGLISH = [[DOG], [CAT], [RED, DOG], [RED, CAT]] * 5


def test_words_that_stand_beside_each_other_are_translations() -> None:
    pictures = list(range(len(FOREIGN)))
    found = translate(bitext(FOREIGN, pictures, ENGLISH, pictures, []), SIZE)
    for token, meant in ((HUND, DOG), (KATZE, CAT), (ROT, RED)):
        assert found.tokens[token][0] == meant
        assert found.weights[token].sum() == pytest.approx(1)
    rows = np.eye(3, 4, dtype=np.float32)
    made = dict(zip(found.tokens, rows_of(found, rows, rows[0]), strict=True))
    assert made[KATZE].argmax() == CAT


def test_lexicon_speaks_for_words_that_no_caption_has() -> None:
    texts = bitext([[HUND]], [0], [[DOG]], [0], [([KATZE], [CAT]), ([], [RED])])
    assert texts.foreign == [[HUND], [KATZE]]
    assert texts.english[1] == Counter({CAT: 40})
    assert translate(texts, SIZE).tokens[KATZE].tolist() == [CAT]


def test_regression_tells_what_each_word_says() -> None:
    wanted = np.eye(SIZE, 6, dtype=np.float32)
    wanted[HUND:] = np.eye(SIZE - HUND, 6)
    tokens = FOREIGN * 40
    targets = np.stack([wanted[one].sum(0) for one in tokens]).astype(np.float32)
    told, counts = regress(tokens, targets, SIZE)
    assert counts[HUND] == 400
    assert told[HUND].argmax() == 0
    assert not told[0].any()


def test_corrections_are_nothing_where_translations_say_it_all() -> None:
    pictures = list(range(len(FOREIGN)))
    found = translate(bitext(FOREIGN, pictures, ENGLISH, pictures, []), SIZE)
    told = np.zeros((SIZE, 4), np.float32)
    counts = np.full(SIZE, 50, np.float32)
    rng = np.random.default_rng(0)
    told[:3] = rng.normal(size=(3, 4))
    for token in found.tokens:
        told[token] = found.certainty[token] * found.weights[token] @ told[found.tokens[token]]
    english = rng.normal(size=(3, 5)).astype(np.float32)
    added = corrections(found, (told, counts), (told, counts), english)
    assert np.abs(added).max() < 1e-5
