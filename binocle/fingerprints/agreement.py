"""Do two pictures look alike where a mapping lays one upon the other?

Corners that match prove little: a fence is a fence. So the two are compared window by window, by
zero-mean normalised cross-correlation, which ignores brightness and contrast. Plain windows tell
nothing and are left out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.overlay import Overlay
from binocle.types import Float32Array

_BLUR, _WINDOW = 0.8, 9
_COARSE_BLUR, _COARSE_WINDOW = 2.0, 17  # what sharpening, noise and JPEG leave alone
_TEXTURE = 4.0  # grey levels of standard deviation in a window
_ALIKE, _SAME = 0.6, 0.9
_MUCH_MORE = 2.0  # times the variance


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows around each pixel of an overlay.

    Attributes:
        correlation: ``(h, w)`` float32, -1 to 1.
        query: ``(h, w)`` float32, variance of the query's grey levels.
        stored: The same of the stored picture.
        textured: ``(h, w)`` bool, where either has texture.
    """

    correlation: Float32Array
    query: Float32Array
    stored: Float32Array
    textured: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Of the windows with texture, how many correlate, 0 to 1; 0 without any."""
        found = self.correlation[self.textured]
        return float((found > _ALIKE).mean()) if len(found) else 0.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two pictures are where they overlap.

    Attributes:
        share: Of the windows with texture in either, how many correlate, 0 to 1.
        same: How many of them correlate as those of unchanged copies do.
        correlation: Of the median window with texture, -1 to 1: near 1 in copies, whatever was put
            on top of them; lower in photos of one scene taken one after the other.
        energy: Covariance of all windows with texture, over the variances, -1 to 1.
        coarse: ``share`` of large windows of softened pictures.
        coarse_correlation: ``correlation`` of those.
        overall: Correlation of all grey levels, -1 to 1.
        added: Of the windows with texture, how many differ and have it in the query mostly.
        gone: How many differ and have it in the stored picture mostly.
        other: How many differ and have it in both.
        textured: How much of the overlap has texture, 0 to 1.
        windows: How many windows have.
        overlap: How much of the stored picture is covered, 0 to 1.
        kept: Mean correlation of the windows with texture in the stored picture, each counted by
            how much it has, -1 to 1: what is put on top lowers it only where it hides something.
    """

    share: float = 0.0
    same: float = 0.0
    correlation: float = 0.0
    energy: float = 0.0
    coarse: float = 0.0
    coarse_correlation: float = 0.0
    overall: float = 0.0
    added: float = 0.0
    gone: float = 0.0
    other: float = 0.0
    textured: float = 0.0
    windows: int = 0
    overlap: float = 0.0
    kept: float = 0.0


def windows_of(overlay: Overlay, blur: float = _BLUR, side: int = _WINDOW) -> Windows:
    """Compare two pictures in a window around each pixel.

    Args:
        overlay: The two.
        blur: Standard deviation of the Gaussian that softens both first, in pixels.
        side: Of a window, in pixels.
    """
    weight = overlay.covered.astype(np.float32)
    first = np.asarray(cv2.GaussianBlur(overlay.query, (0, 0), blur), np.float32)
    second = np.asarray(cv2.GaussianBlur(overlay.stored, (0, 0), blur), np.float32)

    def averaged(values: Float32Array) -> Float32Array:
        return np.asarray(cv2.boxFilter(values, -1, (side, side)), np.float32)

    covered = np.maximum(averaged(weight), np.float32(1e-3))

    def mean(values: Float32Array) -> Float32Array:
        return np.asarray(averaged(values * weight) / covered, np.float32)

    mean_first, mean_second = mean(first), mean(second)
    query = np.maximum(mean(first * first) - mean_first**2, 0)
    stored = np.maximum(mean(second * second) - mean_second**2, 0)
    covariance = mean(first * second) - mean_first * mean_second
    correlation = covariance / np.sqrt(query * stored + 1.0)
    textured = overlay.covered & (np.maximum(query, stored) > _TEXTURE**2)
    return Windows(correlation, query, stored, textured)


def agreement(overlay: Overlay, windows: Windows) -> Agreement:
    """Measure how alike two pictures are.

    Args:
        overlay: The two.
        windows: Of the overlay.
    """
    textured = windows.textured
    count = int(textured.sum())
    if not count:
        return Agreement(overlap=overlay.share)
    found = windows.correlation[textured]
    own, other = windows.query[textured], windows.stored[textured]
    covariance = float((found * np.sqrt(own * other + 1.0)).sum())
    differs = found < _ALIKE
    added, gone = own > _MUCH_MORE * other, other > _MUCH_MORE * own
    coarse = windows_of(overlay, _COARSE_BLUR, _COARSE_WINDOW)
    softened = coarse.correlation[coarse.textured]
    return Agreement(
        share=windows.share,
        same=float((found > _SAME).mean()),
        correlation=float(np.median(found)),
        energy=covariance / float(own.sum() * other.sum() + 1e-6) ** 0.5,
        coarse=coarse.share,
        coarse_correlation=float(np.median(softened)) if len(softened) else 0.0,
        overall=_overall(overlay),
        added=float((differs & added).mean()),
        gone=float((differs & gone).mean()),
        other=float((differs & ~added & ~gone).mean()),
        textured=count / float(overlay.covered.sum()),
        windows=count,
        overlap=overlay.share,
        kept=_kept(overlay, windows),
    )


def _kept(overlay: Overlay, windows: Windows) -> float:
    shown = overlay.covered & (windows.stored > _TEXTURE**2)
    if not shown.any():
        return 0.0
    texture = np.sqrt(windows.stored[shown])
    return float((windows.correlation[shown] * texture).sum() / texture.sum())


def _overall(overlay: Overlay) -> float:
    one = overlay.query[overlay.covered].astype(np.float64)
    other = overlay.stored[overlay.covered].astype(np.float64)
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / max(1e-6, float((one**2).sum() * (other**2).sum()) ** 0.5))
