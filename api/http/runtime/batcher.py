"""Working on concurrent requests together: embedding them, searching for them.

While one batch is worked on, what arrives meanwhile gathers for the next. An idle service never
waits; a busy one waits between two batches, for a few milliseconds and no longer than the last
batch took, for the clients it has just answered to ask again, and so fills its batches. Batchers
that share a gate take turns: encoder and index use all cores each, so doing both at once gains
nothing and makes batches smaller. A full queue refuses instead of growing, and a request whose
client has gone is not worked on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from api.http.errors.problems import overloaded
from api.http.runtime.thread_pool import while_wanted

_GATHER_S = 0.004
_RECENT_S = 0.1
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
        queue_size: int,
        gate: asyncio.Semaphore | None = None,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Set up; the first ``submit`` starts it.

        Args:
            work: Called in the executor with 1 to ``max_batch`` items; one result an item.
            executor: Where it works.
            max_batch: Most items at once.
            queue_size: Most items waiting, unless a single call brings more.
            gate: Held while a batch is worked on.
            on_batch: Told the size of each batch.
        """
        self._work = work
        self._executor = executor
        self._max_batch = max_batch
        self._queue: OrderedDict[asyncio.Future[_Result], _Item] = OrderedDict()
        self._arrived = asyncio.Event()
        self._queue_size = queue_size
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
        if self._queue and len(self._queue) + len(items) > self._queue_size:
            raise overloaded()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="batcher")
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[_Result]] = [loop.create_future() for _ in items]
        self._unfinished.update(futures)
        self._queue.update(zip(futures, items, strict=True))
        self._arrived.set()
        try:
            return list(await asyncio.gather(*futures))
        finally:
            for future in futures:  # the client has gone: what still waits is dropped
                future.cancel()
                self._queue.pop(future, None)
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
                    future, item = self._queue.popitem(last=False)
                    if not future.done():
                        batch.append((future, item))
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
