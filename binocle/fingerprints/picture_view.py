"""A picture as it is verified: grey, small colours, corners; each computed once."""

from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.colour_difference import COLOUR_SIDE, on_plain_ground
from binocle.fingerprints.greyscale import Grey, grey_of, scaled, trimmed
from binocle.fingerprints.local_features import LocalFeatures, features_of, spread_features_of
from binocle.types import PixelArray

VIEW_SIDE = 320
FINE_SIDE = 640  # of a query that may show a stored picture small, as in a collage
_VIEW_FEATURES = 500
_FINE_FEATURES = 1_500
_SMALL_SIDE = 100  # pixels: what has fewer shows little that could differ
Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom in pixels


class PictureView:
    """A picture as it is verified; what takes time is computed once, when first needed."""

    def __init__(self, pixels: PixelArray, *, is_fine: bool = False) -> None:
        """Prepare a picture.

        Args:
            pixels: ``(height, width, 3)`` uint8 RGB, upright.
            is_fine: Look at it twice as closely, with three times the corners, from all over it.
        """
        side = FINE_SIDE if is_fine else VIEW_SIDE
        self.grey: Grey = grey_of(pixels, side)
        self.colours: PixelArray = _reduced(pixels, COLOUR_SIDE * side // VIEW_SIDE)
        self.on_plain_ground = on_plain_ground(self.colours)
        self.is_small = pixels.shape[0] * pixels.shape[1] < _SMALL_SIDE**2
        self._is_fine = is_fine

    def _changed(self, grey: Grey, colours: PixelArray) -> "PictureView":
        view = PictureView.__new__(PictureView)
        view.grey, view.colours = np.ascontiguousarray(grey), np.ascontiguousarray(colours)
        view.on_plain_ground = on_plain_ground(view.colours)
        view.is_small, view._is_fine = self.is_small, self._is_fine  # noqa: SLF001
        return view

    def cut(self, box: Box) -> "PictureView":
        """Return a part of it, left, top, right and bottom in pixels of its working size."""
        left, top, right, bottom = box
        height, width = self.colours.shape[:2]
        across, down = width / self.size[0], height / self.size[1]
        columns = slice(int(left * across), max(int(left * across) + 1, round(right * across)))
        rows = slice(int(top * down), max(int(top * down) + 1, round(bottom * down)))
        return self._changed(self.grey[top:bottom, left:right], self.colours[rows, columns])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at the working size."""
        return self.grey.shape[1], self.grey.shape[0]

    @cached_property
    def features(self) -> LocalFeatures:
        """The corners."""
        if self._is_fine:
            return spread_features_of(self.grey, _FINE_FEATURES)
        return features_of(self.grey, _VIEW_FEATURES)

    @cached_property
    def voters(self) -> npt.NDArray[np.uint8]:
        """Descriptors at two scales, ``(n, 32)``: crops show things larger than stored."""
        if self._is_fine:
            return self.features.descriptors
        half = features_of(scaled(self.grey, 0.5), _VIEW_FEATURES // 2)
        return np.concatenate([self.features.descriptors, half.descriptors])

    @cached_property
    def mirrored(self) -> "PictureView":
        """The same picture, left and right swapped."""
        return self._changed(
            *(np.ascontiguousarray(one[:, ::-1]) for one in (self.grey, self.colours))
        )

    @cached_property
    def inverted(self) -> "PictureView":
        """The same picture as a negative."""
        return self._changed(255 - self.grey, 255 - self.colours)

    @cached_property
    def inner(self) -> Box:
        """Left, top, right and bottom without a plain border."""
        return trimmed(self.grey)


def _reduced(pixels: PixelArray, side: int) -> PixelArray:
    ratio = side / (pixels.shape[0] * pixels.shape[1]) ** 0.5
    if ratio >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * ratio)), max(1, round(pixels.shape[0] * ratio)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
