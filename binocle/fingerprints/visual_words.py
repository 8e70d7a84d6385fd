"""Visual words: 4,096 typical descriptors in a tree of 64 times 64, for an inverted file.

The tree is a file of the package; ``experiments.copies.fit_visual_words`` makes it from any
pictures. What is stored refers to it, so a new one needs new file and format numbers.

Source: Nister and Stewenius, "Scalable recognition with a vocabulary tree", CVPR 2006, with
binary centroids; Jegou et al., "Hamming embedding", ECCV 2008, for codes beside words.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from binocle.types import Int64Array

BRANCHES = 64
WORDS = BRANCHES * BRANCHES
_FILE = Path(__file__).with_name("words.npz")
_TRIED_BRANCHES = 3


def word_of(descriptors: npt.NDArray[np.uint8]) -> Int64Array:
    """Return the word of each descriptor, ``(n,)`` int64 below ``WORDS``, for ``(n, 32)`` uint8."""
    roots, leaves = _tree()
    codes = _as_numbers(descriptors)
    branch = _bits(codes[:, np.newaxis] ^ roots).argmin(axis=1)
    leaf = _bits(codes[:, np.newaxis] ^ leaves[branch]).argmin(axis=1)
    word: Int64Array = (branch * BRANCHES + leaf).astype(np.int64)
    return word


def nearest_words(descriptors: npt.NDArray[np.uint8], count: int) -> Int64Array:
    """Return words near each descriptor, ``(n, count)`` int64, in no order; count is below 192."""
    roots, leaves = _tree()
    codes = _as_numbers(descriptors)
    to_roots = _bits(codes[:, np.newaxis] ^ roots)
    branches = np.argpartition(to_roots, _TRIED_BRANCHES - 1, axis=1)[:, :_TRIED_BRANCHES]
    to_leaves = _bits(codes[:, np.newaxis, np.newaxis] ^ leaves[branches])
    flat = to_leaves.reshape(len(codes), -1)
    places = np.argpartition(flat, count - 1, axis=1)[:, :count]
    branch = np.take_along_axis(branches, places // BRANCHES, axis=1)
    words: Int64Array = (branch * BRANCHES + places % BRANCHES).astype(np.int64)
    return words


def _as_numbers(descriptors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(descriptors).view(np.uint64)


def _bits(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    counted: npt.NDArray[np.uint16] = np.bitwise_count(codes).sum(axis=-1, dtype=np.uint16)
    return counted


@cache
def _tree() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return ``(64, 4)`` roots and ``(64, 64, 4)`` leaves, 256 bits each."""
    with np.load(_FILE) as stored:
        return _as_numbers(stored["roots"]), _as_numbers(stored["leaves"])
