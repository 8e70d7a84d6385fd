"""Which pictures share features, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.fingerprints.fingerprint import CODE_BYTES, Codes
from binocle.vectors.fingerprints import shared_features
from binocle.vectors.fingerprints.shared_features import SharedFeatures, votes_between
from tests.support.numbered_fingerprints import turned


def codes_of(random: np.random.Generator, words: int, count: int = 96) -> Codes:
    codes = random.integers(0, 256, (count, CODE_BYTES), dtype=np.uint8)
    return Codes(random.integers(0, words, count), codes)


def changed(random: np.random.Generator, codes: Codes, kept: int, most: int) -> Codes:
    place = random.permutation(len(codes.words))[:kept]
    return Codes(codes.words[place], turned(random, codes.codes[place], most))


def test_pictures_that_share_features_are_found_and_no_others() -> None:
    random = np.random.default_rng(3)
    pictures = [codes_of(random, 4096) for _ in range(60)]
    pictures += [changed(random, pictures[place], 48, 14) for place in range(0, 60, 3)]
    finder = SharedFeatures(3.0, 32)
    found = set()
    for start in range(0, len(pictures), 16):
        near = finder.add(pictures[start : start + 16])
        found |= set(zip((near.rows + start).tolist(), near.places.tolist(), strict=True))
    assert found == {(60 + number, 3 * number) for number in range(20)}


def test_pictures_without_features_share_none() -> None:
    finder = SharedFeatures(3.0, 32)
    none = Codes(np.empty(0, np.int64), np.empty((0, CODE_BYTES), np.uint8))
    assert len(finder.add([none, none]).rows) == 0
    some = codes_of(np.random.default_rng(0), 4096)
    assert finder.add([some, none, some]).rows.tolist() == [2]


def test_features_that_all_pictures_show_make_few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_features, "_LONGEST", 50)
    one = codes_of(np.random.default_rng(4), 4096)
    finder = SharedFeatures(3.0, 8)
    for _ in range(4):
        near = finder.add([one] * 40)
        assert np.bincount(near.rows, minlength=40).max() <= 8
    assert finder.stored <= 96 * (50 + 40)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_votes_between_pictures_are_the_nearest_features_of_the_same_word(seed: int) -> None:
    random = np.random.default_rng(seed)
    one = codes_of(random, 5, 20)
    other = changed(random, one, 15, 40)
    expected = 0.0
    for word, code in zip(one.words, one.codes, strict=True):
        same = other.codes[other.words == word]
        bits = np.unpackbits(same ^ code, axis=1).sum(axis=1)
        if len(bits) and bits.min() < 32:
            expected += float(np.exp(-((bits.min() / 19.0) ** 2)))
    assert votes_between(one, other) == pytest.approx(expected)
