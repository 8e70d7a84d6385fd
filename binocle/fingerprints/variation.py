"""Are two pictures on one template a copy and its original, or two variants of a product?

Black and blue earphones on the same drawing, two invoices on one form: laid upon each other they
agree as copies do, but for one thing. Whether that was put on top of the same picture or is
another thing in its place is told by a forest, as for ``copy_classifier``, from the same measures
and those of ``residual``; ``python -m experiments.copies.fit_variant_classifier`` fits it.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

from binocle.fingerprints.copy_classifier import Evidence, Forest, read_forest
from binocle.fingerprints.overlay import Overlay
from binocle.fingerprints.residual import Differences, differences, residual
from binocle.types import Float32Array

GRID_SIDE = 256
_MOST_BOXES = 8

Region: TypeAlias = tuple[float, float, float, float]  # left, top, width, height; 0 to 1


@dataclass(frozen=True, slots=True)
class Variation:
    """What speaks for two variants of one thing.

    Attributes:
        log_odds: How likely they are variants and no copies; 0 is even, above is likelier.
        regions: Where they differ, as fractions of the stored picture, largest first.
    """

    log_odds: float
    regions: tuple[Region, ...]


def variation(overlay: Overlay, evidence: Evidence, log_odds: float) -> Variation:
    """Tell two variants from a copy and its original.

    Args:
        overlay: One upon the other, finely.
        evidence: What was measured of the same mapping.
        log_odds: Of their being copies, as ``copy_classifier`` has it.
    """
    found = differences(overlay)
    measures = variation_measures(overlay, found, evidence, log_odds)
    return Variation(_forest().log_odds(measures), _regions(found))


def variation_measures(
    overlay: Overlay, found: Differences, evidence: Evidence, log_odds: float
) -> Float32Array:
    """Return ``(45,)`` float32: those of the evidence, its log odds, those of what differs."""
    own = residual(overlay, found).measures()
    return np.concatenate([evidence.measures(), [np.float32(log_odds)], own]).astype(np.float32)


def _regions(found: Differences) -> tuple[Region, ...]:
    height, width = found.mask.shape
    return tuple(
        (left / width, top / height, across / width, down / height)
        for left, top, across, down in found.boxes[:_MOST_BOXES].tolist()
    )


@cache
def _forest() -> Forest:
    return read_forest("variants.npz")
