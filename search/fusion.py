"""Reciprocal rank fusion of rankings whose scores cannot be compared.

Vectors of pictures and of texts lie in different cones of a CLIP-like space, so a cosine of
0.3 to a picture and one of 0.7 to a text say nothing about each other; ranks do. Source:
Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009, with their constant 60.
"""

from collections.abc import Sequence

import numpy as np

from binocle.collection import Ranking

RANK_CONSTANT = 60


def fuse(
    rankings: Sequence[Ranking],
) -> tuple[Ranking, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Fuse rankings of records into one.

    Args:
        rankings: Of the same query over different kinds of parts.

    Returns:
        The fused ranking, each record with its part from the ranking that placed it best and
        that part's cosine; and the fused scores, ``(n,)`` float64, the sum of
        ``1 / (60 + rank)`` with ranks from 1, descending. Ties go by record id.
    """
    fused: dict[int, float] = {}
    best: dict[int, tuple[int, int, float]] = {}
    for ranking in rankings:
        columns = zip(ranking.record_ids, ranking.part_ids, ranking.scores, strict=True)
        for rank, (record_id, part_id, score) in enumerate(columns, 1):
            record = int(record_id)
            fused[record] = fused.get(record, 0.0) + 1.0 / (RANK_CONSTANT + rank)
            place = (rank, int(part_id), float(score))
            if record not in best or place[0] < best[record][0]:
                best[record] = place
    order = sorted(fused, key=lambda record: (-fused[record], record))
    joined = Ranking(
        record_ids=np.array(order, np.int64),
        part_ids=np.array([best[record][1] for record in order], np.int64),
        scores=np.array([best[record][2] for record in order], np.float32),
        exact=all(ranking.exact for ranking in rankings),
    )
    return joined, np.array([fused[record] for record in order], np.float64)
