"""How sure a measured figure is: percentile bootstrap over pictures.

The five captions of one picture are no five independent trials, so what is drawn again, with
replacement, is pictures, each with all its queries (a cluster bootstrap). The same seed and the
same pictures give the same draws, so the figures of two models are paired draw by draw.

Source: Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13; for clusters
Field and Welsh, *Bootstrapping Clustered Data*, JRSS B 69(3), 2007; for comparing systems Sakai,
*Evaluating Evaluation Metrics Based on the Bootstrap*, SIGIR 2006.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from binocle.types import Int64Array
from evaluation.metrics import Float64Array

CONFIDENCE = 0.95
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % confidence interval, which contains it but in freak cases."""

    value: float
    low: float
    high: float


def interval(value: float, replicates: Float64Array) -> Estimate:
    """Return a figure with the middle 95 % of its replicates.

    Args:
        value: The figure over all queries.
        replicates: ``(b,)`` the same figure over each draw; at least one.
    """
    tail = (1.0 - CONFIDENCE) / 2
    low = np.quantile(replicates, tail, method="lower")
    high = np.quantile(replicates, 1.0 - tail, method="higher")
    return Estimate(float(value), float(low), float(high))


def draw_weights(
    clusters: int, resamples: int, seed: int, *, width: int | None = None
) -> Iterator[Float64Array]:
    """Yield how often each cluster was drawn, a block of draws at a time.

    Args:
        clusters: How many there are; each draw takes as many, with replacement.
        resamples: How many draws in all.
        seed: Of the draws.
        width: Cells a draw will cost the caller, for the size of a block; default ``clusters``.

    Yields:
        ``(b, clusters)`` float64 counts, each row summing to ``clusters``.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // max(clusters, width or 1))
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        drawn = rng.integers(0, clusters, (count, clusters))
        drawn += np.arange(count)[:, np.newaxis] * clusters
        counts = np.bincount(drawn.ravel(), minlength=count * clusters)
        yield counts.reshape(count, clusters).astype(np.float64)


def resample(
    sums_cj: Float64Array,
    ranks_q: Float64Array,
    cluster_q: Int64Array,
    *,
    resamples: int,
    seed: int,
) -> tuple[Float64Array, Float64Array]:
    """Return means and median ranks over draws of clusters.

    Args:
        sums_cj: ``(c, j)`` for each cluster the sum over its queries of each of j values.
        ranks_q: ``(q,)`` best rank of each query; infinity is allowed.
        cluster_q: ``(q,)`` int64, the cluster of each query; every cluster has a query.
        resamples: How many draws, at least 1.
        seed: Of the draws.

    Returns:
        ``(resamples, j)`` means over the drawn queries, and ``(resamples,)`` medians of their
        ranks: of an even number of queries the mean of the middle two.
    """
    clusters = len(sums_cj)
    sizes = np.bincount(cluster_q, minlength=clusters).astype(np.float64)
    order = np.argsort(ranks_q, kind="stable")
    sorted_ranks, sorted_clusters = ranks_q[order], cluster_q[order]
    means, medians = [], []
    for weights in draw_weights(clusters, resamples, seed, width=len(ranks_q)):
        means.append((weights @ sums_cj) / (weights @ sizes)[:, np.newaxis])
        upto = np.cumsum(weights[:, sorted_clusters], axis=1)
        total = upto[:, -1:]
        lower = (upto <= np.floor((total - 1) / 2)).sum(axis=1)
        upper = (upto <= np.floor(total / 2)).sum(axis=1)
        medians.append((sorted_ranks[lower] + sorted_ranks[upper]) / 2)
    return np.concatenate(means), np.concatenate(medians)


def draw_within(
    values_nm: Float64Array, class_sizes: Int64Array, *, resamples: int, seed: int
) -> Iterator[Float64Array]:
    """Yield class sums over draws that take pictures within each class, so no class gets lost.

    Args:
        values_nm: ``(n, m)`` values of each picture, classes one after another.
        class_sizes: ``(k,)`` int64, how many pictures each class has, at least 1.
        resamples: How many draws.
        seed: Of the draws.

    Yields:
        ``(b, k, m)`` sums over the pictures drawn in each class, as many as it has.
    """
    rng = np.random.default_rng(seed)
    count, measures = values_nm.shape
    starts = np.concatenate([[0], np.cumsum(class_sizes)[:-1]])
    start_n, size_n = np.repeat(starts, class_sizes), np.repeat(class_sizes, class_sizes)
    block = max(1, _BLOCK_CELLS // (count * measures))
    for begin in range(0, resamples, block):
        draws = rng.random((min(block, resamples - begin), count))
        chosen = start_n + (draws * size_n).astype(np.int64)
        yield np.add.reduceat(values_nm[chosen], starts, axis=1)
