"""Enlargements have nothing finer than what they were made from."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from search.copies.originals import is_enlarged


def photograph(seed: int) -> npt.NDArray[np.uint8]:
    """Return noise whose power falls with the square of the frequency, as in pictures."""
    random = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None]
    fineness = np.maximum(np.hypot(down, across), 1 / 256)
    waves = np.fft.rfft2(random.normal(0, 1, (256, 256))) / fineness
    levels = np.fft.irfft2(waves, (256, 256))
    return np.asarray(np.clip(128 + 45 * levels / levels.std(), 0, 255), np.uint8)


@pytest.mark.parametrize("way", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
def test_an_enlargement_is_told_from_an_original(way: int) -> None:
    for seed in range(3):
        original = photograph(seed)
        large = np.asarray(cv2.resize(original, (512, 512), interpolation=way), np.uint8)
        assert is_enlarged(large, 2.0)
        assert not is_enlarged(original, 2.0)


def test_of_plain_pictures_and_slight_enlargements_nothing_is_said() -> None:
    assert not is_enlarged(np.full((300, 300), 90, np.uint8), 2.0)
    assert not is_enlarged(photograph(0), 1.2)
