"""The colour of the light taken out of a query that is laid upon a stored picture.

Warmer and colder light, the filters of phones and prints in two inks change all colours of a
picture, the plain ground of a product too, where a product in another colour stands on the same
ground. So what is light and colourless in the stored picture tells in which light the query is.
"""

from dataclasses import replace

import numpy as np

from binocle.fingerprints.colour_difference import chroma_of, luma_of, terms_of
from binocle.fingerprints.overlay import Overlay
from binocle.types import Float32Array

_LIGHT, _COLOURLESS = 170.0, 8.0  # levels of luma and chroma
_LEAST_GROUND = 0.05  # of what is covered
_LEAST_CAST = 3.0  # levels of chroma
_MOST_GAIN = 1.5
_ONE_INK = 6.0  # levels of chroma: how far nearly all colours are from one curve of the luma
_STRONGEST_INK = 28.0  # levels of chroma, in white light: things are as blue or red as that
_NEARLY_ALL = 95  # percentile
_ENOUGH = 2000  # pixels to know colours by


def in_white_light(overlay: Overlay, *, is_product: bool) -> Overlay:
    """Return the same with the query's colours as in the stored picture's light.

    Where all its colours go with its luma it was printed in two inks, and becomes grey; products
    are of one colour, too, and then their ground tells.

    Args:
        overlay: The two.
        is_product: Whether the stored picture shows something on plain ground, or is small.
    """
    covered = overlay.covered
    step = max(1, int(covered.sum()) // _ENOUGH)
    own = overlay.query_colours[covered][::step]
    other = overlay.stored_colours[covered][::step]
    if not is_product and _off_one_curve(own) < _ONE_INK:
        return _in_grey(overlay)
    ground = (luma_of(other) > _LIGHT) & (_length(chroma_of(other)) < _COLOURLESS)
    if ground.mean() < _LEAST_GROUND:
        return overlay
    seen, there = np.median(own[ground], axis=0), np.median(other[ground], axis=0)
    if _length(chroma_of(seen[None]) - chroma_of(there[None]))[0] < _LEAST_CAST:
        return overlay
    gains = np.asarray(there / np.maximum(seen, 1.0), np.float32)
    gains = np.clip(gains / luma_of(gains), 1 / _MOST_GAIN, _MOST_GAIN)
    colours = np.clip(overlay.query_colours * gains, 0, 255).astype(np.float32)
    lit = replace(overlay, query_colours=colours)
    shown = colours[covered][::step]
    is_faint = np.percentile(_length(chroma_of(shown)), _NEARLY_ALL) < _STRONGEST_INK
    return _in_grey(lit) if is_faint and _off_one_curve(shown) < _ONE_INK else lit


def _off_one_curve(colours: Float32Array) -> float:
    """Return how far nearly all colours are from what their luma tells, in levels of chroma."""
    chroma, luma = chroma_of(colours), luma_of(colours)
    terms = terms_of(luma - luma.mean())
    left = chroma - terms @ np.linalg.lstsq(terms, chroma, rcond=None)[0]
    return float(np.percentile(_length(left), _NEARLY_ALL))


def _in_grey(overlay: Overlay) -> Overlay:
    grey = luma_of(overlay.query_colours)[..., None]
    return replace(overlay, query_colours=np.repeat(grey, 3, axis=2))


def _length(chroma: Float32Array) -> Float32Array:
    return np.asarray(np.hypot(chroma[:, 0], chroma[:, 1]), np.float32)
