"""Embedded colour profiles: what transforms a picture's numbers to the colours of sRGB.

LittleCMS does the work, through Pillow. A profile that is damaged, or is not of the picture's kind
of pixels, counts as absent, and one that says what sRGB says changes nothing: its pictures keep
their pixels to the bit. Source: ICC.1:2022.
"""

import io
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_SPACES: Final = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
_NO_CHANGE = 3  # of 255: what two makers' profiles of sRGB differ
_MAX_PROFILE_BYTES = 8 * 1024 * 1024  # printers' profiles have up to four
_STEPS = np.linspace(0, 255, 9).astype(np.uint8)


@lru_cache(maxsize=16)
def to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of a picture's profile to sRGB; None where nothing is to be done.

    Args:
        profile: As it is embedded.
        mode: ``RGB``, ``RGBA``, ``L`` or ``CMYK``; the result is ``RGBA`` where this is.
    """
    if not profile or len(profile) > _MAX_PROFILE_BYTES:
        return None
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if opened.profile.xcolor_space != _SPACES[mode.removesuffix("A")]:
            return None
        wanted = "RGBA" if mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, wanted)
        return None if mode != "CMYK" and _changes_nothing(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def lab_to_srgb() -> ImageCms.ImageCmsTransform:
    """Return the transform of Lab pictures, which need no profile."""
    source = ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "LAB", "RGB")


def applied(transform: ImageCms.ImageCmsTransform | None, image: Image.Image) -> Image.Image:
    """Return a picture in sRGB; the picture itself where there is nothing to do."""
    return image if transform is None else ImageCms.applyTransform(image, transform) or image


def grey_curve(profile: bytes) -> npt.NDArray[np.float64] | None:
    """Return what a grey profile makes of 256 even steps, ``(256,)`` 0 to 255; None for none."""
    transform = to_srgb(profile, "L")
    if transform is None:
        return None
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    curve: npt.NDArray[np.float64] = np.asarray(applied(transform, ramp), np.float64)[0].mean(1)
    return curve


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Try some colours, corners and greys among them."""
    if mode == "L":
        tried = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    else:
        grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), -1).reshape(1, -1, 3)
        tried = Image.fromarray(grid).convert(mode)
    before = np.asarray(tried.convert("RGB"), np.int16)
    after = np.asarray(applied(transform, tried).convert("RGB"), np.int16)
    return bool(np.abs(after - before).max() <= _NO_CHANGE)
