"""Segments that are scanned: by FAISS, or block by block in numpy, which must not show."""

import numpy as np

from binocle.vectors.flat_segment import FlatSegment
from binocle.vectors.rescoring import Scored
from tests.support.unit_rows import gaussian_rows, ids_from


def best(scored: Scored, k: int) -> list[tuple[float, int]]:
    scores, ids = scored
    pairs = zip(scores.tolist(), ids.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1]))[:k]


def test_faiss_and_numpy_find_the_same_to_the_bit() -> None:
    rng = np.random.default_rng(1)
    segment = FlatSegment.made(3 * ids_from(0, 2000), gaussian_rows(rng, 2000, 48))
    queries = gaussian_rows(rng, 2, 48)
    for share in (None, 0.9, 0.01):  # by FAISS, by FAISS with a mask, and by copying
        allowed = None if share is None else rng.random(6000) < share
        together = segment.search(queries, 10, allowed, scan=True)
        for query, found in zip(queries, together, strict=True):
            (alone,) = segment.search(query[np.newaxis], 10, allowed, scan=True)
            assert best(alone, 10) == best(found, 10)
            assert allowed is None or all(allowed[one] for _, one in best(alone, 10))


def test_blocks_are_all_rows_in_order() -> None:
    rows = gaussian_rows(np.random.default_rng(2), 70_000, 4)
    segment = FlatSegment.made(ids_from(5, 70_000), rows)
    blocks = list(segment.blocks())
    assert len(blocks) == 2
    assert np.array_equal(np.concatenate([ids for ids, _ in blocks]), ids_from(5, 70_000))
    assert np.array_equal(np.concatenate([found for _, found in blocks]), rows)
    assert segment.held_bytes == 4 * 4 * 70_000
