"""Threads for what would hold up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

from api.http.errors.problems import overloaded

_T = TypeVar("_T")


class BoundedThreadPool(Generic[_T]):
    """Threads for blocking work, and a limit to what waits for them."""

    def __init__(self, name: str, threads: int, queue_size: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threads + queue_size
        self._taken = 0

    async def run(self, work: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
        """Run a function in a thread.

        Raises:
            ServiceError: 503, too much waits already.
        """
        if self._taken >= self._room:
            raise overloaded()
        self._taken += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, partial(work, *arguments, **options))
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Let running work finish; drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)
