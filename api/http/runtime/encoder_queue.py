"""One encoder for many threads: what they ask for at once, it embeds together."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from cachetools import LRUCache

from api.http.errors.problems import GoneError
from api.http.runtime.metrics import Metrics
from api.http.runtime.work_queues import IS_WANTED, Batcher, always_wanted
from binocle.encoders.base import Encoder
from binocle.types import Float32Array, PixelArray

_CACHED_QUERIES = 1024


class EncoderQueue:
    """An encoder with a thread for it, itself an encoder for other threads than the event loop's.

    Texts come together already, as queries are answered together, and those asked for lately come
    from a cache; pictures of several requests gather in a queue.
    """

    def __init__(
        self,
        encoder: Encoder,
        metrics: Metrics,
        loop: asyncio.AbstractEventLoop,
        gate: asyncio.Semaphore,
        *,
        max_batch: int,
        queue_size: int,
    ) -> None:
        """Set up.

        Args:
            encoder: Does the work.
            metrics: Count it.
            loop: Runs the queue.
            gate: As for ``Batcher``.
            max_batch: Most texts or pictures at once.
            queue_size: Most pictures waiting.
        """
        self.encoder = encoder
        self.space, self.image_spec = encoder.space, encoder.image_spec
        self.batch_size, self.runs_on = encoder.batch_size, encoder.runs_on
        self.vocabulary = encoder.vocabulary
        self._metrics, self._loop = metrics, loop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._cache: LRUCache[str, Float32Array] = LRUCache(_CACHED_QUERIES)
        self._lock = threading.Lock()
        self._waiting_texts = 0
        self._max_batch = max_batch
        self._images: Batcher[PixelArray, Float32Array] = Batcher(
            lambda pixels: list(encoder.encode_images(np.stack(pixels))),
            self._thread,
            max_batch=max_batch,
            queue_size=queue_size,
            gate=gate,
            on_batch=metrics.batches.labels("image").observe,
        )

    def can_read(self, text: str) -> bool:
        """Tell what the encoder tells."""
        return self.encoder.can_read(text)

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts, see ``Encoder``; those asked for lately come from a cache.

        Raises:
            GoneError: Nobody waits for the rows any more.
        """
        is_wanted = IS_WANTED.get(always_wanted)
        with self._lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
            missing = [text for text in dict.fromkeys(texts) if text not in known]
            self._metrics.queue.labels("text").set(self._waiting_texts)
            self._waiting_texts += len(missing)
        self._metrics.cache.labels("query", "hit").inc(len(texts) - len(missing))
        self._metrics.cache.labels("query", "miss").inc(len(missing))
        try:
            for start in range(0, len(missing), self._max_batch):
                batch = missing[start : start + self._max_batch]
                rows = self._thread.submit(self._encode_wanted, batch, is_wanted).result()
                known |= zip(batch, rows, strict=True)
        finally:
            with self._lock:
                self._waiting_texts -= len(missing)
                self._cache.update((text, known[text]) for text in missing if text in known)
        return np.stack([known[text] for text in texts])

    def _encode_wanted(self, texts: Sequence[str], is_wanted: Callable[[], bool]) -> Float32Array:
        if not is_wanted():
            raise GoneError
        self._metrics.batches.labels("text").observe(len(texts))
        return self.encoder.encode_texts(texts)

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures together with those of other requests, see ``Encoder``.

        Raises:
            ServiceError: 503, too much waits already.
        """
        self._metrics.queue.labels("image").set(self._images.waiting)
        waiting = self._images.submit(list(pixels_nhwc))
        return np.stack(asyncio.run_coroutine_threadsafe(waiting, self._loop).result())

    async def close(self) -> None:
        """Stop the queue and the thread."""
        await self._images.close()
        self._thread.shutdown(wait=False, cancel_futures=True)
