"""A picture as it is verified: grey, small colours, corners; each computed once."""

from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from binocle.fingerprints.colour_difference import COLOUR_SIDE, on_plain_ground
from binocle.fingerprints.greyscale import Grey, grey_of, scaled, trimmed
from binocle.fingerprints.local_features import LocalFeatures, features_of
from binocle.types import PixelArray

VIEW_SIDE = 320
_VIEW_FEATURES = 500
_SMALL_SIDE = 100  # pixels: what has fewer shows little that could differ
Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom in pixels


class PictureView:
    """A picture as it is verified; what takes time is computed once, when first needed."""

    def __init__(self, pixels: PixelArray) -> None:
        """Prepare a picture.

        Args:
            pixels: ``(height, width, 3)`` uint8 RGB, upright.
        """
        self.grey: Grey = grey_of(pixels, VIEW_SIDE)
        self.colours: PixelArray = _reduced(pixels)
        self.on_plain_ground = on_plain_ground(self.colours)
        self.is_small = pixels.shape[0] * pixels.shape[1] < _SMALL_SIDE**2

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at the working size."""
        return self.grey.shape[1], self.grey.shape[0]

    @cached_property
    def features(self) -> LocalFeatures:
        """The corners."""
        return features_of(self.grey, _VIEW_FEATURES)

    @cached_property
    def voters(self) -> npt.NDArray[np.uint8]:
        """Descriptors at two scales, ``(n, 32)``: crops show things larger than stored."""
        half = features_of(scaled(self.grey, 0.5), _VIEW_FEATURES // 2)
        return np.concatenate([self.features.descriptors, half.descriptors])

    @cached_property
    def mirrored(self) -> "PictureView":
        """The same picture, left and right swapped."""
        view = PictureView.__new__(PictureView)
        view.grey = np.ascontiguousarray(self.grey[:, ::-1])
        view.is_small, view.on_plain_ground = self.is_small, self.on_plain_ground
        view.colours = np.ascontiguousarray(self.colours[:, ::-1])
        return view

    @cached_property
    def inverted(self) -> "PictureView":
        """The same picture as a negative."""
        view = PictureView.__new__(PictureView)
        view.grey, view.colours = 255 - self.grey, 255 - self.colours
        view.is_small, view.on_plain_ground = self.is_small, self.on_plain_ground
        return view

    @cached_property
    def inner(self) -> Box:
        """Left, top, right and bottom without a plain border."""
        return trimmed(self.grey)


def _reduced(pixels: PixelArray) -> PixelArray:
    ratio = COLOUR_SIDE / (pixels.shape[0] * pixels.shape[1]) ** 0.5
    if ratio >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * ratio)), max(1, round(pixels.shape[0] * ratio)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
