"""The service's batching encoder, for code that runs in threads."""

import asyncio
from collections.abc import Sequence

import numpy as np

from api.http.runtime.service import EncoderQueue
from binocle.types import Float32Array, PixelArray


class QueuedEncoder:
    """An encoder whose calls wait for the queue's batches; never called on the event loop."""

    def __init__(self, queue: EncoderQueue, loop: asyncio.AbstractEventLoop) -> None:
        self._queue, self._loop = queue, loop
        encoder = queue.encoder
        self.space, self.image_spec = encoder.space, encoder.image_spec
        self.batch_size, self.runs_on = encoder.batch_size, encoder.runs_on
        self.vocabulary, self.can_read = encoder.vocabulary, encoder.can_read

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures; see ``Encoder.encode_images``."""
        work = self._queue.images(list(pixels_nhwc))
        return np.stack(asyncio.run_coroutine_threadsafe(work, self._loop).result())

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts; see ``Encoder.encode_texts``."""
        work = self._queue.texts(texts)
        return np.stack(asyncio.run_coroutine_threadsafe(work, self._loop).result())
