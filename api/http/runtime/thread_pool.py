"""Blocking work in threads, within limits; a thread can tell whether anybody waits still."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, Generic, TypeVar

from api.http.errors.problems import GoneError, overloaded
from api.http.runtime.fair_queue import CALLER, FairQueue

_T = TypeVar("_T")
_ASKED_EVERY_S = 0.2

IS_WANTED: ContextVar[Callable[[], bool]] = ContextVar("IS_WANTED")
"""In a thread that works for requests: whether any of their clients still waits."""


def while_wanted(is_wanted: Callable[[], bool], work: Callable[..., _T]) -> Callable[..., _T]:
    """Return a function that does some work with ``IS_WANTED`` set."""
    context = copy_context()
    context.run(IS_WANTED.set, is_wanted)
    return partial(context.run, work)


def check_wanted() -> None:
    """Go on only while somebody waits for what this thread works on.

    Raises:
        GoneError: Nobody does any more.
    """
    if not IS_WANTED.get(lambda: True)():
        raise GoneError


def each_while_wanted(results: Iterable[_T]) -> Iterator[_T]:
    """Yield results, such as those of ``Executor.map``, which drops the rest where this ends.

    Raises:
        GoneError: Nobody waits for them any more.
    """
    for result in results:
        check_wanted()
        yield result


def result_while_wanted(future: Future[_T]) -> _T:
    """Wait for what others compute for this thread; it is cancelled where nobody waits any more.

    Raises:
        GoneError: Nobody does.
    """
    while not wait([future], _ASKED_EVERY_S).done:
        try:
            check_wanted()
        except GoneError:
            future.cancel()
            raise
    return future.result()


class BoundedThreadPool(Generic[_T]):
    """Threads for blocking work, and a limit to what waits for them."""

    def __init__(self, name: str, threads: int, queue_size: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue(queue_size)

    async def run(self, work: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
        """Run a function in a thread; where the caller is cancelled, it is no longer wanted.

        Raises:
            ServiceError: 503, too much waits already.
        """
        await self._turn()
        loop = asyncio.get_running_loop()
        is_gone = threading.Event()
        wanted = while_wanted(lambda: not is_gone.is_set(), work)
        done = self._executor.submit(wanted, *arguments, **options)
        # The thread is free when the work has ended, which is later where nobody waits for it.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._pass_on))
        try:
            return await asyncio.wrap_future(done)
        finally:
            is_gone.set()

    async def _turn(self) -> None:
        """Wait for a free thread."""
        caller = CALLER.get()
        if self._free:
            self._free -= 1
            return
        if not self._waiting.has_room(caller):
            raise overloaded()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put(caller, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not self._waiting.discard(caller, turn) and not turn.cancelled():
                self._pass_on()  # its turn came in the same moment
            raise

    def _pass_on(self) -> None:
        """Give a thread that is free to whoever is next."""
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Let running work finish; drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)
