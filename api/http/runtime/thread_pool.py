"""Threads for what would hold up the event loop; they can tell whether anybody waits still."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, Generic, TypeVar

from api.http.errors.problems import overloaded

_T = TypeVar("_T")

IS_WANTED: ContextVar[Callable[[], bool]] = ContextVar("IS_WANTED")
"""In a thread that works for requests: whether any of their clients still waits."""


def always_wanted() -> bool:
    """Tell so of work that no request asked for."""
    return True


def while_wanted(is_wanted: Callable[[], bool], work: Callable[..., _T]) -> Callable[..., _T]:
    """Return a function that does some work with ``IS_WANTED`` set."""
    context = copy_context()
    context.run(IS_WANTED.set, is_wanted)
    return partial(context.run, work)


class BoundedThreadPool(Generic[_T]):
    """Threads for blocking work, and a limit to what waits for them."""

    def __init__(self, name: str, threads: int, queue_size: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threads + queue_size
        self._taken = 0

    async def run(self, work: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
        """Run a function in a thread; where the caller is cancelled, it is no longer wanted.

        Raises:
            ServiceError: 503, too much waits already.
        """
        if self._taken >= self._room:
            raise overloaded()
        self._taken += 1
        is_gone = threading.Event()
        wanted = while_wanted(lambda: not is_gone.is_set(), work)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._executor, partial(wanted, *arguments, **options)
            )
        finally:
            is_gone.set()
            self._taken -= 1

    def close(self) -> None:
        """Let running work finish; drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)
