"""How likely is one picture a copy of the other, from what was measured where they overlap?

No single measure tells: thumbnails with text over them agree less than two shoes of one shape.
So a gradient-boosted forest weighs them (Friedman, "Greedy function approximation: a gradient
boosting machine", Annals of Statistics 2001). It was fitted on pictures that were changed in the
ways of ``experiments.copies.transformations`` and on what lookups compared them with
(``python -m experiments.copies.fit_copy_classifier``); docs/lookup.md has the figures.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from binocle.fingerprints.agreement import Agreement
from binocle.fingerprints.colour_difference import ColourDifference
from binocle.types import Float32Array

MEASURES = (
    "share", "same", "correlation", "energy", "coarse", "coarse_correlation", "overall",
    "added", "gone", "other", "textured", "windows", "overlap",
    "most", "nearly_all", "light", "most_with_plain", "nearly_all_with_plain", "compared",
    "inliers", "query_share", "plain_share", "is_small", "on_plain_ground",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against one picture being a copy of the other.

    Attributes:
        agreement: How alike they are where they overlap.
        colours: By how much their colours differ there.
        inliers: Matched corners that follow the mapping; 0 where it came from a hash.
        query_share: How much of the query shows the stored picture, 0 to 1.
        plain_share: How much of the rest of the query has one of its two commonest greys, 0 to 1:
            much in frames and windows, little in other pictures.
        is_small: Whether either picture is a thumbnail of less than 100 x 100 pixels.
        on_plain_ground: Whether the stored picture shows something on plain ground.
    """

    agreement: Agreement
    colours: ColourDifference
    inliers: int
    query_share: float
    plain_share: float
    is_small: bool
    on_plain_ground: bool

    def measures(self) -> Float32Array:
        """Return ``(24,)`` float32 in the order of ``MEASURES``."""
        found = [
            getattr(place, name, None)
            for name in MEASURES
            for place in (self.agreement, self.colours, self)
            if hasattr(place, name)
        ]
        return np.array(found, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Decision trees whose leaves are summed, as arrays: ``(trees, nodes)`` each.

    Attributes:
        measure: int64, which measure a node asks; -1 in leaves.
        limit: float32, up to which it goes to the left.
        left: int64, the node to go to; leaves have themselves.
        right: The same above the limit.
        value: float32, what a leaf adds.
    """

    measure: npt.NDArray[np.int64]
    limit: Float32Array
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Float32Array

    def log_odds(self, measures: Float32Array) -> float:
        """Return the sum over all trees.

        Args:
            measures: ``(m,)`` float32.
        """
        trees = np.arange(len(self.measure))
        node = np.zeros(len(trees), np.int64)
        while (asked := self.measure[trees, node]).max() >= 0:
            goes_left = measures[asked] <= self.limit[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        return float(self.value[trees, node].sum(dtype=np.float64))


def log_odds(evidence: Evidence) -> float:
    """Return the logarithm of the odds that one picture is a copy of the other; 0 is even."""
    return _forest().log_odds(evidence.measures())


@cache
def _forest() -> Forest:
    return read_forest("copies.npz")


def read_forest(name: str) -> Forest:
    """Return a forest that is a file of this package."""
    with (
        files("binocle.fingerprints").joinpath("fitted", name).open("rb") as file,
        np.load(file) as kept,
    ):
        return Forest(
            kept["measure"].astype(np.int64),
            kept["limit"],
            kept["left"].astype(np.int64),
            kept["right"].astype(np.int64),
            kept["value"],
        )
