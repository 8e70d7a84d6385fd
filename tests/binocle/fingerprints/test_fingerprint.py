"""Hashes of turned and changed pictures are near, of other pictures far; features come back."""

import cv2
import numpy as np
import pytest

from binocle.fingerprints.fingerprint import (
    CODE_BYTES,
    HASH_BYTES,
    STORED_FEATURES,
    VARIANTS,
    _basis,
    _hash,
    distances,
    fingerprint_of,
    perceptual_hash,
    turned_hashes,
    unpacked,
    variant_hashes,
)
from binocle.fingerprints.greyscale import grey_of
from binocle.fingerprints.local_features import spread_features_of, word_of
from tests.support.drawings import drawn


def pixels_of(seed: int) -> np.ndarray:
    return np.asarray(drawn(seed))


def test_distances_are_the_bits_that_differ() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (4, HASH_BYTES), dtype=np.uint8)
    bits = np.unpackbits(hashes, axis=1)
    assert distances(hashes, hashes[1:]).tolist() == [
        [int((one != other).sum()) for other in bits[1:]] for one in bits
    ]


def test_a_hash_is_the_signs_of_low_frequencies_about_their_median() -> None:
    grey = grey_of(pixels_of(1), 64)
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    low = cv2.dct(small)[1:17, 1:17]
    apart = np.unpackbits(perceptual_hash(grey)) != (low > np.median(low)).ravel()
    assert apart.sum() <= 2  # one at the median rounds either way


def test_the_median_is_numpys_to_the_bit() -> None:
    for seed in range(40):
        small = np.random.default_rng(seed).random((64, 64)).astype(np.float32)
        low = _basis() @ small @ _basis().T
        assert (np.unpackbits(_hash(small)) == (low > np.median(low)).ravel()).all()


def test_copies_have_near_hashes_and_other_pictures_far_ones() -> None:
    copy = cv2.GaussianBlur(cv2.resize(pixels_of(1), (160, 120)), (0, 0), 1)
    views = [pixels_of(1), copy, np.clip(pixels_of(1) * 0.7 + 20, 0, 255).astype(np.uint8)]
    hashes = [perceptual_hash(grey_of(one, 256)) for one in (*views, pixels_of(2))]
    _, blurred, faint, other = distances(hashes[0][np.newaxis], np.stack(hashes))[0]
    assert max(blurred, faint) < 30
    assert 90 < other < 166


@pytest.mark.parametrize("variant", range(8))
def test_a_variant_is_the_hash_of_the_picture_mirrored_and_then_turned(variant: int) -> None:
    grey, (turns, mirrored) = grey_of(pixels_of(3), 64), VARIANTS[variant]
    moved = np.ascontiguousarray(np.rot90(grey[:, ::-1] if mirrored else grey, turns))
    apart = distances(perceptual_hash(moved)[np.newaxis], variant_hashes(grey))[0]
    assert apart.argmin() == variant
    assert apart[variant] < 12
    assert np.delete(apart, variant).min() > 60


def test_turned_hashes_are_nearly_those_of_the_turned_pictures() -> None:
    grey = grey_of(pixels_of(4), 256)
    made = turned_hashes(perceptual_hash(grey)[np.newaxis])[0]
    apart = distances(made, variant_hashes(grey))
    assert apart.diagonal().max() < 24
    assert apart.argmin(axis=1).tolist() == list(range(8))


def test_a_stored_fingerprint_has_hash_words_and_the_first_half_of_each_code() -> None:
    stored = fingerprint_of(pixels_of(5))
    grey = grey_of(pixels_of(5), 256)
    assert stored.hash == perceptual_hash(grey).tobytes()
    descriptors = spread_features_of(grey, STORED_FEATURES).descriptors
    codes = unpacked(stored.features)
    assert codes.words.tolist() == word_of(descriptors).tolist()
    assert np.array_equal(codes.codes, descriptors[:, :CODE_BYTES])
    assert len(codes.words) == STORED_FEATURES


def test_a_plain_picture_has_a_fingerprint_without_features() -> None:
    stored = fingerprint_of(np.full((90, 120, 3), 200, np.uint8))
    assert stored.features == b""
    assert unpacked(stored.features).codes.shape == (0, CODE_BYTES)
