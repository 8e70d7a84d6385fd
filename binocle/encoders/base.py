"""What every encoder promises."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from binocle.errors import ModelError
from binocle.types import Float32Array, ImageSpec, PixelArray, Space


class Encoder(Protocol):
    """Embeds pictures and texts into one space.

    Implementations are thread-safe, and pure: the same pixels or text give the same row, up to
    the rounding of the precision they run in.
    """

    @property
    def space(self) -> Space:
        """The space of the rows."""

    @property
    def image_spec(self) -> ImageSpec:
        """The pixels ``encode_images`` wants."""

    @property
    def batch_size(self) -> int:
        """How many pictures at once are fastest here."""

    @property
    def runs_on(self) -> str:
        """Device and precision, for a person."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words it knows whole, lower case, the commonest of its training texts first.

        Misspelt words of queries are read as one of these. Empty where that is not known, or where
        the model copes with misspelt words itself.
        """

    def can_read(self, text: str) -> bool:
        """Tell whether a text has a word, or a piece of one, that the model was trained on.

        Texts without any, as those in a script it never saw, all get about the same row.
        """

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures.

        Args:
            pixels_nhwc: ``(n, spec.height, spec.width, 3)`` uint8 upright RGB.

        Returns:
            ``(n, d)`` C-contiguous float32 unit rows.
        """

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts; what is longer than the model's context is cut.

        Returns:
            ``(n, d)`` C-contiguous float32 unit rows.
        """


def unit_rows(rows: npt.NDArray[np.floating[Any]]) -> Float32Array:
    """Scale each row to length 1; a zero row stays zero.

    Args:
        rows: ``(n, d)`` of any float dtype.

    Returns:
        ``(n, d)`` C-contiguous float32.

    Raises:
        ModelError: A row has a component that is not a finite number.
    """
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(norms).all():
        raise ModelError(
            "the model gave numbers that are not finite; its weights may be damaged, "
            "or the precision too low: try --precision float32"
        )
    unit: Float32Array = np.ascontiguousarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
    return unit


def image_spec_of(preprocess: Mapping[str, Any]) -> ImageSpec:
    """Return the pixels that open_clip's preprocessing makes, of its ``preprocess_cfg``."""
    size = preprocess["size"]
    height, width = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    resize_mode: Any = preprocess.get("resize_mode") or "shortest"
    # open_clip's own transform is always bicubic where it fits the short side of an oblong
    is_bilinear = preprocess.get("interpolation") == "bilinear"
    is_bilinear &= resize_mode != "shortest" or width == height
    return ImageSpec(
        width=width,
        height=height,
        resize_mode=resize_mode,
        interpolation="bilinear" if is_bilinear else "bicubic",
        fill=int(preprocess.get("fill_color") or 0),
    )
