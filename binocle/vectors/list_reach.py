"""Which lists of an inverted file hold what scores at least so much: all but few of it.

How scores of vectors lie around that of their centroid is much the same in all lists, so a sample
says how many vectors of each list are to be expected above a score. Lists far from a query have
none, as a rule, and those in between so few that they can be left out, and told of.
"""

import math
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from binocle.types import Float32Array, Int64Array
from binocle.vectors.base import products

SAMPLE = 1024
_WIDER = 1.15  # tails are longer than the normal distribution's: docs/benchmarks.md
_LEFT_SHARE = 0.01  # of what is expected in all
_LEFT_AT_LEAST = 0.5  # vectors, where that is less

_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True)
class ListReach:
    """What tells, for a query, how scores in lists are distributed.

    Attributes:
        centroids_ld: ``(l, d)`` float32.
        sizes: ``(l,)`` int64, of the lists.
        sample_sd: ``(s, d)`` float32 rows that are in lists.
        places: ``(s,)`` int64 which list each is in.
    """

    centroids_ld: Float32Array
    sizes: Int64Array
    sample_sd: Float32Array
    places: Int64Array

    @classmethod
    def of(cls, index: Any, sample_sd: Float32Array) -> "ListReach":
        """Measure an ``IndexIVF`` with a flat quantizer.

        Args:
            index: It must live as long as this.
            sample_sd: ``(s, d)`` float32 of its rows.
        """
        quantizer = faiss.downcast_index(index.quantizer)
        flat = faiss.rev_swig_ptr(quantizer.get_xb(), quantizer.ntotal * quantizer.d)
        sizes = np.array([index.invlists.list_size(one) for one in range(index.nlist)], np.int64)
        _, places = quantizer.search(sample_sd, 1)
        centroids = np.asarray(flat, np.float32).reshape(-1, quantizer.d)
        return cls(centroids, sizes, sample_sd, np.asarray(places[:, 0], np.int64))

    def lists_with(
        self, query: Float32Array, least: float, *, share: float, at_least: int
    ) -> tuple[int, float]:
        """Return how many lists, nearest first, hold nearly all that scores at least so much.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            share: How much of all vectors may be found, 0 to 1.
            at_least: How many lists are looked into whatever is expected.

        Returns:
            The number of lists, and about how many vectors with such scores are in the others.
        """
        scores = products(query[np.newaxis], self.centroids_ld)[0]
        expected = share * self.expected(query, least, scores)
        beyond = np.cumsum(expected[np.argsort(scores)])[::-1]  # in the i-th nearest and further
        few = max(_LEFT_SHARE * beyond[0], _LEFT_AT_LEAST)
        count = max(at_least, int(np.count_nonzero(beyond > few)))
        return count, float(beyond[count]) if count < len(beyond) else 0.0

    def expected(
        self, query: Float32Array, least: float, scores: Float32Array
    ) -> npt.NDArray[np.float64]:
        """Return how many vectors of each list are to be expected to score at least so much.

        Args:
            query: ``(d,)`` float32 unit row.
            least: An inner product.
            scores: ``(l,)`` float32, of the query and each centroid.
        """
        return self.sizes * self._chances(query, least, scores.astype(np.float64))

    def _chances(
        self, query: Float32Array, least: float, scores: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return how likely a vector of each list scores at least so much."""
        own = products(query[np.newaxis], self.sample_sd)[0].astype(np.float64)
        near = scores[self.places]
        slope = float(np.cov(near, own)[0, 1] / max(float(near.var(ddof=1)), 1e-12))
        usual = own.mean() + slope * (scores - near.mean())
        spread = float(np.std(own - own.mean() - slope * (near - near.mean())))
        distance = (least - usual) / max(_WIDER * spread, 1e-6)
        return np.asarray(_erfc(distance / math.sqrt(2)) / 2, np.float64)
