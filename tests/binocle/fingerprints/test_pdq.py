"""PDQ hashes are those of the reference implementation."""

import numpy as np
import pytest

from binocle.fingerprints.fingerprint import VARIANTS, distances
from binocle.fingerprints.pdq import hashed_spec, pdq_of
from binocle.types import PixelArray


def mosaic(seed: int, shape: tuple[int, int], size: int) -> PixelArray:
    """Return squares of random colours, so many pixels wide."""
    cells = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return np.ascontiguousarray(cells.repeat(size, axis=0).repeat(size, axis=1))


@pytest.mark.parametrize(
    ("seed", "shape", "size", "expected"),  # of the reference, through pdqhash 0.2.8
    [
        (1, (13, 17), 21, "4296fc0eaa78692a558703f1b569042d4bdf39ad5f6923712ed88aa49077987f"),
        (2, (19, 11), 17, "56b7a355e90e6902786654a8c993b61f763b782236f5a24087d92773948db8f5"),
        (3, (64, 64), 1, "cacf60493b48f9d35d7017b833140bbccbdc795b08c711c270f62d70e75f1872"),
        (4, (5, 31), 11, "af7df4c150820f3e7047072d296ffa729f90f0c1af7df4c150820f3e604707ad"),
        (5, (130, 90), 1, "7ae469dc03f50b6b728ae4a455b187da0feead596325e4025ab0b758f1c47529"),
        (7, (3, 5), 3, "3c0fc273c1f0ca733c0f318c3e0fc273c1f0ce733c0f318c3e0fc273c1f0ce73"),
    ],
)
def test_hashes_are_those_of_the_reference(
    seed: int, shape: tuple[int, int], size: int, expected: str
) -> None:
    found = pdq_of(mosaic(seed, shape, size))
    assert (found.text, found.quality) == (expected, 100)


def test_forms_are_the_hashes_of_turned_and_mirrored_pictures() -> None:
    picture = mosaic(1, (13, 17), 21)
    forms = pdq_of(picture).forms
    for form, (turns, mirrored) in zip(forms, VARIANTS, strict=True):
        turned = np.rot90(picture[:, ::-1] if mirrored else picture, turns)
        own = pdq_of(np.ascontiguousarray(turned)).bits
        assert distances(form[np.newaxis], own[np.newaxis])[0, 0] <= 24  # 128 by chance
    apart = distances(forms, forms)[np.triu_indices(8, 1)]
    assert apart.min() > 80


def test_a_plain_picture_has_little_quality_and_a_tiny_one_none() -> None:
    plain = np.full((200, 300, 3), 90, np.uint8)
    plain[:, 150:] = 120
    assert pdq_of(plain).quality < 10
    tiny = pdq_of(mosaic(1, (4, 100), 1))
    assert (tiny.quality, tiny.text) == (0, "0" * 64)


def test_large_pictures_are_hashed_smaller_and_small_ones_as_they_are() -> None:
    large, small = hashed_spec((4000, 600)), hashed_spec((90, 60))
    assert (large.width, large.height) == (1024, 600)
    assert (small.width, small.height) == (90, 60)
