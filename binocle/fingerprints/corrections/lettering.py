"""Large words that were written over a picture, told from what a picture shows itself.

Captions as high as a fifth of a picture hide half of it, so that it agrees with what it was made
from in too few places. Words are of one to three flat inks, thin, and there is something else
below them; where a thing was made in another colour its shapes are still there.
"""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.agreement import Agreement, windows_of
from binocle.fingerprints.overlay import Overlay
from binocle.fingerprints.residual import differences
from binocle.types import Float32Array

_LEAST_CHANGED = 0.1  # of what is covered: less needs no mending
_MOST_HIDDEN = 0.8
_INKS = 3
_INK_LEVELS = 20  # grey levels to either side of an ink's
_LEAST_INK = 0.12  # of what differs
_FLAT = 12.0  # standard deviation of 3 x 3 grey levels
_HARDLY_HIDDEN = 0.25  # of a pixel of a coarser grid
_OUTLINE = 2  # pixels around flat ink: soft edges and rings of JPEG
_LEAST_EXPLAINED = 0.75  # of what differs
_SAME_SHAPE, _MOST_SAME_SHAPES = 0.6, 0.6  # correlation; share of the windows on ink
_THICKEST = 0.0125  # of the longer side: how far ink is from its edge, on average
_LEAST_SPREAD = 0.55  # of what grey levels spread all over: a thing in one colour has less
_LEAST_KEPT, _LEAST_SHARE, _LEAST_CORRELATION = 0.97, 0.9, 0.98

Mask = npt.NDArray[np.bool_]


def lettering(overlay: Overlay) -> Mask | None:
    """Return ``(h, w)`` bool, where large words hide a picture; None where none do.

    Args:
        overlay: The two, finely.
    """
    differs = differences(overlay).mask
    covered = int(overlay.covered.sum())
    if differs.sum() < _LEAST_CHANGED * covered:
        return None
    ink = _flat(overlay.query) & _inked(overlay.query, differs)
    square = np.ones((3, 3), np.uint8)
    hidden = cv2.dilate(ink.astype(np.uint8), square, iterations=_OUTLINE) > 0
    hidden &= overlay.covered
    if hidden.sum() > _MOST_HIDDEN * covered:
        return None
    if (hidden & differs).sum() < _LEAST_EXPLAINED * differs.sum():
        return None
    is_written = _is_thin(ink) and _lies_on_anything(overlay, ink)
    return hidden if is_written and not _keeps_shapes(overlay, ink) else None


def uncovered(overlay: Overlay, hidden: Mask) -> Overlay:
    """Return the same without what words hide.

    Args:
        overlay: The two.
        hidden: As ``lettering`` has it, on a grid of any size.
    """
    height, width = overlay.covered.shape
    share = cv2.resize(hidden.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    square = np.ones((3, 3), np.uint8)
    near = (
        cv2.dilate((share >= _HARDLY_HIDDEN).astype(np.uint8), square) > 0
    )  # softened, it shines in
    return replace(overlay, covered=overlay.covered & ~near)


def is_plainly_the_same(agreement: Agreement) -> bool:
    """Tell whether what is not hidden agrees as it does in copies, and not in things alike.

    Args:
        agreement: Of what ``uncovered`` leaves.
    """
    return (
        agreement.kept >= _LEAST_KEPT
        and agreement.share >= _LEAST_SHARE
        and agreement.correlation >= _LEAST_CORRELATION
    )


def _inked(query: Float32Array, differs: Mask) -> Mask:
    """Return which of the places that differ have one of the few commonest grey levels there."""
    inked, left = np.zeros_like(differs), differs.copy()
    total = int(differs.sum())
    for _ in range(_INKS):
        counts = np.bincount(query[left].astype(np.int64), minlength=256)
        summed = np.convolve(counts, np.ones(2 * _INK_LEVELS + 1), "same")
        level = int(summed.argmax())
        if summed[level] < _LEAST_INK * total:
            break
        inked |= left & (np.abs(query - level) <= _INK_LEVELS)
        left &= ~inked
    return inked


def _flat(query: Float32Array) -> Mask:
    mean = cv2.blur(query, (3, 3))
    variance = cv2.blur(query * query, (3, 3)) - mean * mean
    return np.asarray(variance < _FLAT**2, np.bool_)


def _is_thin(ink: Mask) -> bool:
    if not ink.any():
        return False
    depth = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 3)
    return bool(depth[ink].mean() <= _THICKEST * max(ink.shape))


def _lies_on_anything(overlay: Overlay, ink: Mask) -> bool:
    """Tell whether below it the stored picture is light and dark, as it is elsewhere."""
    below, all_of_it = overlay.stored[ink], overlay.stored[overlay.covered]
    return bool(below.std() >= _LEAST_SPREAD * all_of_it.std())


def _keeps_shapes(overlay: Overlay, ink: Mask) -> bool:
    """Tell whether the shapes of the stored picture are still seen where the ink is."""
    windows = windows_of(overlay)
    textured = ink & windows.textured
    if not textured.any():
        return True
    same = windows.correlation[textured] > _SAME_SHAPE
    return bool(same.mean() > _MOST_SAME_SHAPES)
