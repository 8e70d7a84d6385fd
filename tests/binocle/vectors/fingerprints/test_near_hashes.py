"""Which hashes are near each other, against brute force."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.fingerprints.fingerprint import HASH_BYTES, distances, turned_hashes
from binocle.vectors.fingerprints import near_hashes
from binocle.vectors.fingerprints.near_hashes import NearHashes
from tests.support.numbered_fingerprints import turned

_EXACT_BITS = 20  # so many bits of all are at most so many of the 64 that are scanned


def copies(random: np.random.Generator, count: int, most: int) -> npt.NDArray[np.uint8]:
    """Return hashes of a few pictures and of copies of them: turned, mirrored and changed."""
    originals = random.integers(0, 256, (count // 4 + 1, HASH_BYTES), dtype=np.uint8)
    forms = turned_hashes(originals[random.integers(0, len(originals), count)])
    return turned(random, forms[np.arange(count), random.integers(0, 8, count)], most)


def pairs_of(
    hashes: npt.NDArray[np.uint8], finder: NearHashes, block: int
) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for start in range(0, len(hashes), block):
        near = finder.add(hashes[start : start + block])
        rows = (near.rows + start).tolist()
        for row, place, variant in zip(rows, near.places, near.variants, strict=True):
            assert (row, int(place)) not in found
            found[row, int(place)] = int(variant)
    return found


def brute(hashes: npt.NDArray[np.uint8], bits: int) -> dict[tuple[int, int], int]:
    """Return the first near form of each earlier hash."""
    forms = turned_hashes(hashes)
    found: dict[tuple[int, int], int] = {}
    for variant in range(8):
        near = distances(hashes, np.ascontiguousarray(forms[:, variant])) <= bits
        for row, place in np.argwhere(near).tolist():
            if place < row:
                found.setdefault((row, place), variant)
    return found


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), block=st.integers(1, 40))
def test_pairs_of_near_hashes_and_their_forms_are_those_of_all_compared_with_all(
    seed: int, count: int, block: int
) -> None:
    hashes = copies(np.random.default_rng(seed), count, 12)
    finder = NearHashes(_EXACT_BITS, 1000)
    assert pairs_of(hashes, finder, block) == brute(hashes, _EXACT_BITS)


def test_farther_pairs_are_nearly_all_found_and_no_other() -> None:
    hashes = copies(np.random.default_rng(0), 1200, 25)
    wanted = brute(hashes, 44)
    found = pairs_of(hashes, NearHashes(44, 1000), 256)
    assert len(found) >= 0.995 * len(wanted) > 1000
    assert found.items() <= wanted.items()


def test_pairs_are_found_across_chunks_and_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_hashes, "_CHUNK", 64)
    monkeypatch.setattr(near_hashes, "_SLICE", 7)
    hashes = copies(np.random.default_rng(1), 300, 10)
    found = pairs_of(hashes, NearHashes(_EXACT_BITS, 1000), 50)
    assert found == brute(hashes, _EXACT_BITS)


@pytest.mark.parametrize("most", [50, 4096])
def test_hashes_that_are_all_alike_make_few_pairs_each_and_all_hang_together(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(near_hashes, "_MOST_COMPARED", most)
    random = np.random.default_rng(2)
    one = random.integers(0, 256, (1, HASH_BYTES), dtype=np.uint8)
    hashes = turned(random, one.repeat(500, axis=0), 4)
    finder = NearHashes(44, 8)
    pairs, crowded = 0, 0
    for start in range(0, 500, 100):
        near = finder.add(hashes[start : start + 100])
        pairs += len(near.rows)
        crowded += len(near.crowded)
        first = start == 0  # the very first has nothing before it
        assert set(near.rows[near.places == 0].tolist()) == set(range(first, 100))
    assert pairs <= 9 * 500
    assert 500 - 11 <= crowded <= 500 - 9  # the first is among the eight nearest, or a ninth
