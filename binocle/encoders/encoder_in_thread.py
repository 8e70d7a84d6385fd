"""An encoder that is asked in a thread of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from binocle.encoders.base import Encoder
from binocle.types import Float32Array, ImageSpec, PixelArray, Space


class EncoderInThread:
    """Encodes as another encoder does, in a thread that may have a priority of its own."""

    def __init__(self, inner: Encoder, begin: Callable[[], None]) -> None:
        """Set up.

        Args:
            inner: Encodes.
            begin: Called in the thread, before anything else.
        """
        self._inner = inner
        self._thread = ThreadPoolExecutor(1, "encode-beside", initializer=begin)

    @property
    def space(self) -> Space:
        """As for ``Encoder``."""
        return self._inner.space

    @property
    def image_spec(self) -> ImageSpec:
        """As for ``Encoder``."""
        return self._inner.image_spec

    @property
    def batch_size(self) -> int:
        """As for ``Encoder``."""
        return self._inner.batch_size

    @property
    def runs_on(self) -> str:
        """As for ``Encoder``."""
        return self._inner.runs_on

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """As for ``Encoder``."""
        return self._inner.vocabulary

    def can_read(self, text: str) -> bool:
        """As for ``Encoder``."""
        return self._inner.can_read(text)

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """As for ``Encoder``."""
        return self._thread.submit(self._inner.encode_images, pixels_nhwc).result()

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """As for ``Encoder``."""
        return self._thread.submit(self._inner.encode_texts, texts).result()
