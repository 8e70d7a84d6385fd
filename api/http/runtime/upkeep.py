"""What the service does now and then beside its requests."""

import asyncio
import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Container, Iterable, Sequence

from api.operations.removal import clear_traces, removed_since_saved
from binocle.collection.collection import Collection
from binocle.errors import BinocleError

_log = logging.getLogger(__name__)
_EVERY_S = 60.0
_PAUSE_S = 3600.0  # after a catalogue that could not be read
_ARENA_MAX, _ARENAS = -8, 2  # the first is M_ARENA_MAX of malloc.h
_SHARE = 0.05  # of the time, which clearing traces may take


class Upkeep:
    """Runs a few short tasks every minute, in threads, and once more at the end.

    Free memory is given back then, too.
    """

    def __init__(self, tasks: Sequence[Callable[[], None]]) -> None:
        self._tasks = (*tasks, give_back_memory)
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


def give_back_memory() -> None:
    """Have the C library give back what is free: it keeps what large requests took, by thread.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html; elsewhere than with glibc nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def share_memory() -> None:
    """Have all threads take memory from two pools, where glibc would make eight for each core.

    Free pieces of a pool are of use to its own threads alone, so that memory grew with the threads
    that happened to work. Whoever sets ``MALLOC_ARENA_MAX`` has decided; elsewhere than with glibc
    nothing.
    """
    is_set = "MALLOC_ARENA_MAX" in os.environ or sys.platform != "linux"
    limit = None if is_set else getattr(ctypes.CDLL(None), "mallopt", None)
    if limit is not None:
        limit(_ARENA_MAX, _ARENAS)


class RemovalTraces:
    """Has nothing of removed records left in files of collections, a little after their removal.

    Requests do not wait for that: saved indices are written anew as a whole. Where that takes
    long it is done more rarely, so that it takes a twentieth of the time at most.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, set[str]] = {}  # of removed records, by collection
        self._cleared: dict[str, int] = {}  # up to which change
        self._not_before: dict[str, float] = {}

    def note(self, collection: Collection, ids: Iterable[str]) -> None:
        """Remember which records were removed: kept queries may have their names."""
        with self._lock:
            self._ids.setdefault(collection.path.name, set()).update(ids)

    def clear(
        self, collections: Iterable[Collection], awake: Container[str], *, is_last: bool = False
    ) -> None:
        """Clear what removed records have left.

        Args:
            collections: Where removals were noted.
            awake: Those of them where removals of other processes, and before, count as well.
            is_last: Whether there is no later round, for which some could be left.
        """
        for collection in collections:
            name = collection.path.name
            is_due = is_last or time.monotonic() >= self._not_before.get(name, 0)
            if not is_due or not collection.exists():
                continue
            with self._lock:
                if name not in self._ids and name not in awake:
                    continue
                ids = self._ids.pop(name, set())
            try:
                self._clear_one(collection, ids)
            except BinocleError as error:  # others have theirs cleared
                _log.warning("traces of removed records may stay in %s: %s", name, error)
                self._not_before[name] = time.monotonic() + _PAUSE_S

    def _clear_one(self, collection: Collection, ids: set[str]) -> None:
        begun, name = time.monotonic(), collection.path.name
        with collection.reading() as session:
            change = session.history.change()
        if not ids and not removed_since_saved(collection, self._cleared.get(name, 0)):
            return
        if clear_traces(collection, sorted(ids)):
            self._cleared[name] = change
        else:
            self.note(collection, ids)
        now = time.monotonic()
        self._not_before[name] = now + (now - begun) / _SHARE
