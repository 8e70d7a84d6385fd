"""Texts to pictures and pictures to texts, measured on known pairs.

Text to image: each caption of each picture is one query, and every picture that has this caption
is right. Image to text: each picture is one query, and any of its captions is right: recall,
median rank and MRR look at the best placed one, nDCG and mAP at all of them. This is the protocol
of Flickr8k, Flickr30k and COCO. With several right answers recall@k is the share of queries with
*any* of them among the first k (elsewhere success@k), not the share of right answers found.

Source: Hodosh, Young and Hockenmaier, *Framing Image Description as a Ranking Task*, JAIR 47, 2013.
"""

from dataclasses import dataclass

import numpy as np

from binocle.types import Float32Array, Int64Array
from evaluation import metrics
from evaluation.bootstrap import interval, resample
from evaluation.metrics import Float64Array, Ranks
from evaluation.results import MEDIAN, Section

RECALLS = (1, 5, 10)
NDCG_DEPTH = 10
CURVE_DEPTH = 100


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Both directions."""

    text_to_image: Section
    image_to_text: Section


def evaluate_pairs(
    image_rows: Float32Array,
    text_rows: Float32Array,
    pair_text: Int64Array,
    pair_picture: Int64Array,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> RetrievalReport:
    """Measure retrieval where a text may belong to several pictures, and a picture have several.

    Args:
        image_rows: ``(n, d)`` float32 unit rows, at least 2.
        text_rows: ``(m, d)`` float32 unit rows, at least 1.
        pair_text: ``(p,)`` int64 rows of ``text_rows``; with ``pair_picture`` what belongs
            together, each pair once. Each pair is one text query.
        pair_picture: ``(p,)`` int64 rows of ``image_rows``.
        resamples: Bootstrap draws, at least 1.
        seed: Of the draws.

    Raises:
        ValueError: The shapes do not fit together, or a number is out of range.
    """
    _check(image_rows, text_rows, pair_text, pair_picture, resamples)
    texts, text_query = np.unique(pair_text, return_inverse=True)
    pictures, cluster = np.unique(pair_picture, return_inverse=True)
    by_text = metrics.rank_all(text_rows[texts], image_rows, _grouped(text_query, pair_picture))
    by_picture = metrics.rank_all(image_rows[pictures], text_rows, _grouped(cluster, pair_text))
    return RetrievalReport(
        summarise(
            by_text.take(text_query), cluster, len(image_rows), resamples=resamples, seed=seed
        ),
        summarise(
            by_picture, np.arange(len(pictures)), len(text_rows), resamples=resamples, seed=seed
        ),
    )


def summarise(
    ranks: Ranks, cluster: Int64Array, candidates: int, *, resamples: int, seed: int
) -> Section:
    """Turn the ranks of one direction into figures.

    Args:
        ranks: Of all queries, at least one.
        cluster: ``(q,)`` int64, the picture each query belongs to, numbered from 0 without gaps.
        candidates: How many things each query ranked.
        resamples: Bootstrap draws, at least 1.
        seed: Of the draws.
    """
    depth = max(*RECALLS, min(CURVE_DEPTH, candidates))
    best = ranks.best
    sums = _sums(ranks, cluster, depth)
    means, medians = resample(sums, best, cluster, resamples=resamples, seed=seed)
    totals = sums.sum(axis=0) / len(best)
    figures = [interval(totals[one], means[:, one]) for one in range(sums.shape[1])]
    columns = [k - 1 for k in RECALLS]
    replicates = np.column_stack([means[:, columns], medians, means[:, depth:]])
    return Section(
        queries=len(best),
        candidates=candidates,
        tied=float(ranks.tied.mean()),
        estimates={
            **{f"recall@{k}": figures[k - 1] for k in RECALLS},
            MEDIAN: interval(_median(best), medians),
            "MRR": figures[depth],
            f"nDCG@{NDCG_DEPTH}": figures[depth + 1],
            "mAP": figures[depth + 2],
        },
        curve=tuple(figures[: min(depth, candidates)]),
        replicates=replicates,
    )


def _sums(ranks: Ranks, cluster: Int64Array, depth: int) -> Float64Array:
    """Return each cluster's sums: queries answered within 1, 2, ... ``depth``, and the means."""
    values = [
        metrics.reciprocal_rank(ranks),
        metrics.ndcg_at(ranks, NDCG_DEPTH),
        metrics.average_precision(ranks),
    ]
    clusters = int(cluster.max()) + 1
    reached = np.zeros((clusters, depth))
    within = ranks.best <= depth
    np.add.at(reached, (cluster[within], ranks.best[within].astype(np.int64) - 1), 1.0)
    means = [np.bincount(cluster, one, minlength=clusters) for one in values]
    return np.column_stack([np.cumsum(reached, axis=1), *means])


def _median(ranks: Float64Array) -> float:
    """Return the median; unlike numpy's without a warning where the middle is infinite."""
    ordered = np.sort(ranks)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def _grouped(group: Int64Array, values: Int64Array) -> list[Int64Array]:
    """Return the values of each group; groups are numbered from 0 without gaps."""
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    return list(np.split(values[order], ends))


def _check(
    image_rows: Float32Array,
    text_rows: Float32Array,
    pair_text: Int64Array,
    pair_picture: Int64Array,
    resamples: int,
) -> None:
    if image_rows.ndim != 2 or text_rows.ndim != 2 or image_rows.shape[1] != text_rows.shape[1]:
        raise ValueError(
            f"rows of pictures {image_rows.shape} and texts {text_rows.shape} do not fit together"
        )
    if len(pair_text) != len(pair_picture) or not len(pair_text):
        raise ValueError(f"{len(pair_text)} texts and {len(pair_picture)} pictures make no pairs")
    if len(image_rows) < 2:
        raise ValueError(f"{len(image_rows)} pictures cannot be ranked; it takes at least 2")
    for numbers, rows in ((pair_text, text_rows), (pair_picture, image_rows)):
        if numbers.min() < 0 or numbers.max() >= len(rows):
            raise ValueError(f"pairs name rows up to {numbers.max()}; there are {len(rows)}")
    if resamples < 1:
        raise ValueError(f"{resamples} bootstrap draws give no interval; it takes at least 1")
