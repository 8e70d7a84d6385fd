"""What the service does now and then beside its requests."""

import asyncio
import logging
from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)
_EVERY_S = 60.0


class Upkeep:
    """Runs a few short tasks every minute, in threads, and once more at the end."""

    def __init__(self, tasks: Sequence[Callable[[], None]]) -> None:
        self._tasks = tasks
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._loop = asyncio.create_task(self._run(), name="upkeep")

    async def close(self) -> None:
        """End, after one last round."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._round()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self._round()

    async def _round(self) -> None:
        for task in self._tasks:
            try:
                await asyncio.to_thread(task)
            except Exception:  # the next round comes, and the service goes on
                _log.exception("a task of the upkeep failed")
