"""What a cosine means: how likely a hit is what was asked for, and whether anything fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.collection import Collection
from binocle.encoders.base import Encoder
from binocle.types import Float32Array, Int64Array, Kind

CUT = 0.5
HUB_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Judge:
    """What the scores of one query over the parts of one kind mean. Made by ``Relevance``.

    Attributes:
        cut: The cosine from which on a hit is in the relevant set; infinite where none can be.
    """

    cut: float

    def relevance(self, scores: Float32Array) -> npt.NDArray[np.float64]:
        """Return how likely each hit is what was asked for.

        Args:
            scores: ``(n,)`` float32 cosines of the query and parts, in any order.

        Returns:
            ``(n,)`` float64, 0 to 1; it never falls where the cosine rises.
        """
        raise NotImplementedError

    def score_at(self, relevance: float) -> float:
        """Return the least cosine with at least this relevance; infinite where there is none."""
        raise NotImplementedError

    def is_no_match(self, best: float) -> bool:
        """Tell whether nothing fits, given the best cosine over all that was searched."""
        return best < self.cut


class Relevance:
    """Calibrates a collection, and judges queries by it. Thread-safe.

    Calibrations are made when they are first needed, follow the collection as it grows, and lie
    beside the catalogue as a cache.
    """

    def __init__(self, collection: Collection, load_encoder: Callable[[], Encoder]) -> None:
        """Set up; nothing is computed yet.

        Args:
            collection: Whose hits are judged.
            load_encoder: As for ``Searcher``; asked once for each collection, for the background
                texts, and only where texts ask.
        """
        self._collection, self._load_encoder = collection, load_encoder

    def judges(
        self, kind: Kind, sources: Sequence[Kind], queries_qd: Float32Array
    ) -> list[Judge | None]:
        """Return a judge for each query.

        Args:
            kind: Which parts are searched.
            sources: ``(q,)`` what each query is: words, or a picture. Of one that is composed, what
                has the larger weight.
            queries_qd: ``(q, d)`` float32 unit rows.

        Returns:
            For each query its judge; None where the collection is too small to tell.
        """
        raise NotImplementedError

    def reorder(
        self,
        kind: Kind,
        source: Kind,
        part_ids: Int64Array,
        scores: Float32Array,
    ) -> Int64Array:
        """Return the order of candidates with hubs moved down.

        Only the first ``HUB_DEPTH`` change places, and only among themselves: so pages of any
        size fit together as long as all of those are given. Where correction does not help in
        this collection the order is as it was.

        Args:
            kind: Which parts were searched.
            source: What the query is.
            part_ids: ``(n,)`` int64, nearest first.
            scores: ``(n,)`` float32 their cosines.

        Returns:
            ``(n,)`` int64 places in ``part_ids``.
        """
        raise NotImplementedError
