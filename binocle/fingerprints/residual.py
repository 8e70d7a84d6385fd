"""Where do two pictures differ once one is laid upon the other, and in what manner?

A copy with words or a logo on it has something new on top of what was there; a variant (another
product on the same drawing, another invoice on the same form) has one thing in place of another of
its kind: other words in the same ink, the same shape in another colour. What this measures tells
the two apart (``binocle.fingerprints.variant_classifier``).
"""

from dataclasses import astuple, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.overlay import Overlay
from binocle.types import Float32Array

_BLUR = 0.8
_WINDOW = 3  # pixels: edges may be off by one
_GREY_LEVELS = 16.0  # by which something differs
_CHROMA_LEVELS = 12.0
_EDGE = 3  # pixels: what lies beside a tile or within a frame shines in
_LEAST_AREA = 5  # pixels of a spot
_AROUND = 7  # pixels: what is near a difference is judged with it
_GROUND_LEVELS = 14.0
_BINS = 16
_COLOUR_BINS = 12
_ROUNDS = 3  # of fitting without what differs
_UNKNOWN = -1.0

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Residual:
    """How two pictures differ after the change of brightness and contrast that fits best.

    Shares are 0 to 1; what cannot be told, as nothing differs, is -1.

    Attributes:
        changed: How much of the overlap differs.
        largest: How much of it the largest spot is.
        spots: How many spots there are, as ``log(1 + n)``.
        spread: How much of the overlap a box around all spots takes.
        recoloured: How much differs in colour but not in light.
        of_thing: How much of what is not ground differs.
        thing: How much of the overlap is not ground, in the stored picture.
        stored_ground: Of what differs, how much is ground in the stored picture.
        query_ground: Of what differs, how much is ground in the query.
        one_sided: Of what differs in light, how much does so in one direction, 0.5 to 1.
        texture_ratio: Natural logarithm of the query's over the stored picture's variance there.
        same_greys: How far the histograms of both agree there, after the fit.
        new_colours: Of what differs, how much has colours in the query that the stored picture
            has nowhere.
        lost_colours: The same with the two swapped.
        flatness: Standard deviation of the query within the largest spot, in grey levels.
        stored_flatness: The same of the stored picture.
        edge_gap: How far the box around all spots is from the nearest edge, in sides.
        noise: 90th percentile of the difference elsewhere, in grey levels.
        hue_shift: Mean difference in chroma of what is not ground, in levels.
        hue_shift_together: How far those differences point one way, 0 to 1.
    """

    changed: float
    largest: float
    spots: float
    spread: float
    recoloured: float
    of_thing: float
    thing: float
    stored_ground: float
    query_ground: float
    one_sided: float
    texture_ratio: float
    same_greys: float
    new_colours: float
    lost_colours: float
    flatness: float
    stored_flatness: float
    edge_gap: float
    noise: float
    hue_shift: float
    hue_shift_together: float

    def measures(self) -> Float32Array:
        """Return ``(20,)`` float32."""
        return np.array(astuple(self), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Which pixels of an overlay differ.

    Attributes:
        mask: ``(h, w)`` bool.
        boxes: ``(n, 4)`` int64: left, top, width and height of each spot, largest first.
        areas: ``(n,)`` int64 pixels of each.
        labels: ``(h, w)`` int32, the number of the spot of each pixel; 0 elsewhere.
        light: ``(h, w)`` float32, by how much the query is lighter than anything near it explains.
        chroma: ``(h, w, 2)`` float32, by how much its colours differ.
        fitted: ``(h, w)`` float32: the stored picture in the query's brightness and contrast.
    """

    mask: Mask
    boxes: npt.NDArray[np.int64]
    areas: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]
    light: Float32Array
    chroma: Float32Array
    fitted: Float32Array


def differences(overlay: Overlay) -> Differences:
    """Find what differs between two pictures.

    Args:
        overlay: The two.
    """
    query = np.asarray(cv2.GaussianBlur(overlay.query, (0, 0), _BLUR), np.float32)
    stored = np.asarray(cv2.GaussianBlur(overlay.stored, (0, 0), _BLUR), np.float32)
    inside = cv2.erode(overlay.covered.astype(np.uint8), np.ones((3, 3))).astype(np.bool_)
    inside[:_EDGE] = inside[-_EDGE:] = False
    inside[:, :_EDGE] = inside[:, -_EDGE:] = False
    fitted = _in_the_light_of(query, stored, overlay.covered)
    square = np.ones((_WINDOW, _WINDOW), np.uint8)
    above = query - cv2.dilate(fitted, square)
    below = query - cv2.erode(fitted, square)
    light = np.where(above > 0, above, np.minimum(below, 0)).astype(np.float32)
    chroma = _chroma_difference(overlay)
    differs = (np.abs(light) > _GREY_LEVELS) | (np.linalg.norm(chroma, axis=2) > _CHROMA_LEVELS)
    mask = (differs & inside).astype(np.uint8)
    joined = cv2.dilate(mask, square)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    large = np.flatnonzero(areas >= _LEAST_AREA + 8)
    order = large[np.argsort(-areas[large], kind="stable")]
    renamed = np.zeros(len(stats), np.int32)
    renamed[order + 1] = np.arange(1, len(order) + 1)
    labels = renamed[labels]
    kept = (labels > 0) & (mask > 0)
    boxes = stats[1:, :4].astype(np.int64)[order]
    return Differences(kept, boxes, areas[order], labels, light, chroma, fitted)


def residual(overlay: Overlay, found: Differences) -> Residual:
    """Measure in what manner two pictures differ.

    Args:
        overlay: The two.
        found: What differs between them.
    """
    covered = overlay.covered
    area = float(covered.sum())
    stored_ground, query_ground = _grounds(overlay, found)
    thing = covered & ~stored_ground
    mask, light = found.mask, found.light
    count = int(mask.sum())
    elsewhere = np.abs(light)[covered & (found.labels == 0)]
    chroma = found.chroma[thing]
    shift = np.linalg.norm(chroma, axis=1)
    values = dict.fromkeys(Residual.__dataclass_fields__, _UNKNOWN)
    values.update(
        changed=count / area,
        largest=float(found.areas[0]) / area if count else 0.0,
        spots=float(np.log1p(len(found.areas))),
        spread=_spread(found, area),
        recoloured=float((mask & (np.abs(light) <= _GREY_LEVELS)).sum()) / area,
        of_thing=float((mask & thing).sum()) / max(1.0, float(thing.sum())),
        thing=float(thing.sum()) / area,
        noise=float(np.percentile(elsewhere, 90)) if len(elsewhere) else 0.0,
        hue_shift=float(shift.mean()) if len(shift) else 0.0,
        hue_shift_together=_together(chroma, shift),
    )
    if count:
        values.update(_manner(overlay, found, stored_ground, query_ground))
    return Residual(**values)


def _manner(
    overlay: Overlay, found: Differences, stored_ground: Mask, query_ground: Mask
) -> dict[str, float]:
    """Return what is only known where something differs."""
    mask = found.mask
    near = cv2.dilate(mask.astype(np.uint8), np.ones((_AROUND, _AROUND))).astype(np.bool_)
    near &= overlay.covered
    query, fitted = overlay.query[near], found.fitted[near]
    sign = found.light[mask & (np.abs(found.light) > _GREY_LEVELS)]
    lighter = float((sign > 0).mean()) if len(sign) else 0.5
    first, second = (np.histogram(one, _BINS, (0, 256))[0] / len(one) for one in (query, fitted))
    largest = mask & (found.labels == 1)
    left, top, right, bottom = _box(found)
    height, width = mask.shape
    return {
        "stored_ground": float(stored_ground[mask].mean()),
        "query_ground": float(query_ground[mask].mean()),
        "one_sided": max(lighter, 1 - lighter),
        "texture_ratio": float(np.log((query.var() + 4.0) / (fitted.var() + 4.0))),
        "same_greys": float(np.minimum(first, second).sum()),
        "new_colours": _unseen(overlay.query_colours, overlay.stored_colours, mask, overlay),
        "lost_colours": _unseen(overlay.stored_colours, overlay.query_colours, mask, overlay),
        "flatness": float(overlay.query[largest].std()) if largest.any() else _UNKNOWN,
        "stored_flatness": float(overlay.stored[largest].std()) if largest.any() else _UNKNOWN,
        "edge_gap": min(left / width, top / height, 1 - right / width, 1 - bottom / height),
    }


def _in_the_light_of(query: Float32Array, stored: Float32Array, covered: Mask) -> Float32Array:
    """Return the stored picture with the brightness and contrast (a parabola) of the query.

    What does not fit is left out of the next rounds, so that what differs does not count.
    """
    level = stored.astype(np.float64) / 128 - 1  # of few levels float32 leaves it to the processor
    terms = np.stack([np.ones_like(level), level, level**2], axis=-1)
    own, chosen = query[covered].astype(np.float64), terms[covered]
    weights = np.ones(len(own))
    factors = np.array([128.0, 128.0, 0.0])
    for _ in range(_ROUNDS):
        weighted = chosen * weights[:, None]
        factors = np.linalg.lstsq(weighted.T @ chosen + 1e-3 * np.eye(3), weighted.T @ own)[0]
        weights = 1 / (1 + (np.abs(own - chosen @ factors) / 8) ** 2)
    return np.asarray(np.clip(terms @ factors, 0, 255), np.float32)


def _chroma_difference(overlay: Overlay) -> Float32Array:
    """Return ``(h, w, 2)``: by how much chroma differs, all colours made as strong as they are."""
    first, second = _chroma(overlay.query_colours), _chroma(overlay.stored_colours)
    covered = overlay.covered
    own, other = first[covered], second[covered]
    strength = float((own * other).sum() / max(1.0, float((other**2).sum())))
    return np.asarray(first - np.float32(np.clip(strength, 0.3, 2.5)) * second, np.float32)


def _chroma(colours: Float32Array) -> Float32Array:
    """Return ``(h, w, 2)``: Cr and Cb about 0, softened."""
    soft = np.asarray(cv2.blur(colours, (5, 5)), np.float32)
    luma = soft @ np.array([0.299, 0.587, 0.114], np.float32)
    red, blue = 0.713 * (soft[..., 0] - luma), 0.564 * (soft[..., 2] - luma)
    return np.stack([red, blue], axis=-1)


def _grounds(overlay: Overlay, found: Differences) -> tuple[Mask, Mask]:
    """Return where the stored picture and the query show plain ground: the colour of the edge."""
    edge = np.zeros(overlay.covered.shape, np.bool_)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    edge &= overlay.covered
    edge = edge if edge.any() else overlay.covered
    level = np.median(found.fitted[edge])
    stored = np.abs(found.fitted - level) <= _GROUND_LEVELS
    query = np.abs(overlay.query - level) <= _GROUND_LEVELS
    return stored & overlay.covered, query & overlay.covered


def _unseen(own: Float32Array, other: Float32Array, mask: Mask, overlay: Overlay) -> float:
    """Return how much of what differs has colours that the other picture has nowhere."""
    seen = np.zeros((_COLOUR_BINS + 2,) * 3, np.uint8)
    inner = seen[1:-1, 1:-1, 1:-1]
    size = 256 / _COLOUR_BINS
    places = np.clip(other[overlay.covered] / size, 0, _COLOUR_BINS - 1).astype(np.int64)
    counts = np.zeros(inner.shape, np.int64)
    np.add.at(counts, tuple(places.T), 1)
    inner[counts > 2] = 1
    grown = seen.copy()
    for axis in range(3):
        grown |= np.roll(grown, 1, axis) | np.roll(grown, -1, axis)
    asked = np.clip(own[mask] / size, 0, _COLOUR_BINS - 1).astype(np.int64) + 1
    return float(1 - grown[tuple(asked.T)].mean())


def _together(chroma: Float32Array, shift: Float32Array) -> float:
    if not len(shift) or shift.mean() < 1e-6:
        return 0.0
    return float(np.linalg.norm(chroma.mean(axis=0)) / shift.mean())


def _spread(found: Differences, area: float) -> float:
    if not len(found.boxes):
        return 0.0
    left, top, right, bottom = _box(found)
    return (right - left) * (bottom - top) / area


def _box(found: Differences) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom around all spots."""
    left, top = found.boxes[:, :2].min(axis=0).tolist()
    right, bottom = (found.boxes[:, :2] + found.boxes[:, 2:]).max(axis=0).tolist()
    return left, top, right, bottom
