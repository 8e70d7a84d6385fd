"""One query to a view of vectors."""

import numpy as np

from binocle.types import Float32Array, Neighbours
from binocle.vectors.base import Allowed, VectorView


def nearest(
    view: VectorView,
    query: Float32Array,
    k: int,
    allowed: Allowed | None = None,
    *,
    exact: bool = False,
) -> Neighbours:
    """Return what a view finds for one row, ``(dimension,)``."""
    (found,) = view.search(query[np.newaxis], k, allowed=allowed, exact=exact)
    return found
