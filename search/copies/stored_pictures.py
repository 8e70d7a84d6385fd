"""The pixels of stored pictures, as they are compared."""

from collections.abc import Callable
from typing import TypeAlias

from binocle.catalog.types import KnownPicture
from binocle.errors import BinocleError
from binocle.fingerprints.picture_view import VIEW_SIDE, PictureView
from binocle.types import ImageSpec, Part, Picture, PixelArray

Decode: TypeAlias = Callable[[bytes, ImageSpec], Picture]
ReadPicture: TypeAlias = Callable[[Part], bytes]


class StoredPictures:
    """Reads and decodes stored pictures; what was moved or changed since is passed over."""

    def __init__(self, read_picture: ReadPicture, decode: Decode) -> None:
        """Set up.

        Args:
            read_picture: Returns the file of a stored picture; may raise OSError or BinocleError.
            decode: Decodes a picture; may be called from several threads.
        """
        self._read_picture, self._decode = read_picture, decode

    def view(self, picture: KnownPicture) -> PictureView | None:
        """Return a picture in its working size; None where it cannot be read."""
        pixels = self._decoded(picture, working_spec((picture.info.width, picture.info.height)))
        return None if pixels is None else PictureView(pixels)

    def pixels(self, picture: KnownPicture) -> PixelArray | None:
        """Return all pixels of a picture; None where it cannot be read."""
        return self._decoded(picture, exact_spec((picture.info.width, picture.info.height)))

    def _decoded(self, picture: KnownPicture, spec: ImageSpec) -> PixelArray | None:
        try:
            return self._decode(self._read_picture(picture.part), spec).pixels
        except (OSError, BinocleError):  # moved or changed since
            return None


def exact_spec(size: tuple[int, int]) -> ImageSpec:
    """Return the pixels of a whole picture, upright, none left out."""
    return ImageSpec(size[0], size[1], "squash")


def working_spec(size: tuple[int, int], side: int = VIEW_SIDE) -> ImageSpec:
    """Return the pixels that are compared: the whole picture, upright, of a limited area."""
    ratio = min(1.0, side / (size[0] * size[1]) ** 0.5)
    return ImageSpec(
        max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio)), "squash", "bilinear"
    )
