"""Work for requests within limits: together in batches, by one encoder for all.

Concurrent requests are embedded and searched for together: while one batch is worked on, what
arrives meanwhile gathers for the next. An idle service never waits; a busy one waits between two
batches, for a few milliseconds and no longer than the last batch took, for the clients it has just
answered to ask again, and so fills its batches. Batchers that share a gate take turns: encoder and
index use all cores each, so doing both at once gains nothing and makes batches smaller. A full
queue refuses instead of growing, and a request whose client has gone is not worked on. API keys
take turns, and one of them fills half of a queue at most. Pictures come from threads that wait for
them, and of which there are few: these are never refused, what waits for the threads is.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np
from cachetools import LRUCache

from api.http.errors.problems import GoneError, overloaded
from api.http.runtime.fair_queue import CALLER, FairQueue
from api.http.runtime.metrics import Metrics
from api.http.runtime.thread_pool import IS_WANTED, result_while_wanted, while_wanted
from binocle.encoders.base import Encoder
from binocle.types import Float32Array, PixelArray

_GATHER_S = 0.004
_RECENT_S = 0.1
_CACHED_QUERIES = 1024
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Batcher(Generic[_Item, _Result]):
    """Turns single items into batches for a function that likes them large."""

    def __init__(
        self,
        work: Callable[[Sequence[_Item]], Sequence[_Result]],
        executor: Executor,
        *,
        max_batch: int,
        queue_size: int | None,
        gate: asyncio.Semaphore | None = None,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Set up; the first ``submit`` starts it.

        Args:
            work: Called in the executor with 1 to ``max_batch`` items; one result an item.
            executor: Where it works.
            max_batch: Most items at once.
            queue_size: Most items waiting, unless a single call brings more; None for no limit.
            gate: Held while a batch is worked on.
            on_batch: Told the size of each batch.
        """
        self._work = work
        self._executor = executor
        self._max_batch = max_batch
        self._items: dict[asyncio.Future[_Result], _Item] = {}
        self._queue: FairQueue[asyncio.Future[_Result]] = FairQueue(queue_size)
        self._arrived = asyncio.Event()
        self._on_batch = on_batch
        self._unfinished: set[asyncio.Future[_Result]] = set()
        self._gate = gate or asyncio.Semaphore()
        self._task: asyncio.Task[None] | None = None
        self._ended_at = float("-inf")
        self._last_size = 0
        self._last_s = 0.0

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._queue)

    async def submit(self, items: Sequence[_Item]) -> list[_Result]:
        """Return the items' results; they may be worked on in several batches.

        Raises:
            ServiceError: 503, too much waits already.
        """
        caller = CALLER.get()
        if not self._queue.has_room(caller, len(items)):
            raise overloaded()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="batcher")
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[_Result]] = [loop.create_future() for _ in items]
        self._unfinished.update(futures)
        for future, item in zip(futures, items, strict=True):
            self._items[future] = item
            self._queue.put(caller, future)
        self._arrived.set()
        try:
            return list(await asyncio.gather(*futures))
        finally:
            for future in futures:  # the client has gone: what still waits is dropped
                future.cancel()
                self._queue.discard(caller, future)
                self._items.pop(future, None)
            self._unfinished.difference_update(futures)

    async def close(self) -> None:
        """Stop; what waits is cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for future in self._unfinished:
            future.cancel()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            async with self._gate:
                if self._is_busy():
                    await asyncio.sleep(min(_GATHER_S, self._last_s))
                batch: list[tuple[asyncio.Future[_Result], _Item]] = []
                while self._queue and len(batch) < self._max_batch:
                    future = self._queue.pop()
                    if not future.done():
                        batch.append((future, self._items[future]))
                if not self._queue:
                    self._arrived.clear()
                if batch:
                    await self._work_on(batch)

    def _is_busy(self) -> bool:
        """Tell whether clients of a batch that has just ended may be about to ask again."""
        since = asyncio.get_running_loop().time() - self._ended_at
        return self._max_batch > 1 and self._last_size > 1 and since < _RECENT_S

    async def _work_on(self, batch: list[tuple[asyncio.Future[_Result], _Item]]) -> None:
        loop = asyncio.get_running_loop()
        self._on_batch(len(batch))
        items = [item for _, item in batch]
        begun = loop.time()
        work = while_wanted(lambda: not all(future.done() for future, _ in batch), self._work)
        try:
            results = await loop.run_in_executor(self._executor, work, items)
        except Exception as error:
            for future, _ in batch:
                if not future.done():
                    future.set_exception(error)
            return
        finally:
            self._ended_at, self._last_size = loop.time(), len(batch)
            self._last_s = self._ended_at - begun
        for (future, _), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


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
    ) -> None:
        """Set up.

        Args:
            encoder: Does the work.
            metrics: Count it.
            loop: Runs the queue.
            gate: As for ``Batcher``.
            max_batch: Most texts or pictures at once.
        """
        self.encoder = encoder
        self.space, self.image_spec = encoder.space, encoder.image_spec
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
            queue_size=None,
            gate=gate,
            on_batch=metrics.batches.labels("image").observe,
        )

    @property
    def batch_size(self) -> int:
        """As of the encoder, which may have to load more of itself for it."""
        return self.encoder.batch_size

    @property
    def runs_on(self) -> str:
        """As of the encoder, likewise."""
        return self.encoder.runs_on

    def can_read(self, text: str) -> bool:
        """Tell what the encoder tells."""
        return self.encoder.can_read(text)

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts, see ``Encoder``; those asked for lately come from a cache.

        Raises:
            GoneError: Nobody waits for the rows any more.
        """
        is_wanted = IS_WANTED.get(lambda: True)
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
                encoding = self._thread.submit(self._encode_wanted, batch, is_wanted)
                rows = result_while_wanted(encoding)
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
            GoneError: Nobody waits for the rows any more.
        """
        self._metrics.queue.labels("image").set(self._images.waiting)
        waiting = self._images.submit(list(pixels_nhwc))
        rows = result_while_wanted(asyncio.run_coroutine_threadsafe(waiting, self._loop))
        return np.stack(rows)

    async def close(self) -> None:
        """Stop the queue and the thread."""
        await self._images.close()
        self._thread.shutdown(wait=False, cancel_futures=True)
