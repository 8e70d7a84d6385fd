"""Work that goes on beside searches, and never in the way of one."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

_log = logging.getLogger(__name__)
NICE = 10
AHEAD_NICE = 4  # of decoders that a run has: who embeds goes first, and ends with them


class BesideSearches:
    """Threads of low priority, one a name. Not thread-safe.

    A process that ends does not wait for them, unless ``finish`` was called.
    """

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._failed: set[str] = set()

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Do some work, unless work of this name is being done, or failed before.

        Args:
            name: What it is, for a person.
            work: What it raises is logged.
        """
        running = self._threads.get(name)
        if name in self._failed or (running is not None and running.is_alive()):
            return
        thread = threading.Thread(target=self._run, args=(name, work), name=name, daemon=True)
        self._threads[name] = thread
        thread.start()

    def finish(self) -> None:
        """Wait for what is being done."""
        for thread in list(self._threads.values()):
            thread.join()

    def _run(self, name: str, work: Callable[[], None]) -> None:
        lower_priority()
        try:
            work()
        except Exception:
            self._failed.add(name)
            _log.exception("could not do what was to be done beside searches: %s", name)


def lower_priority() -> None:
    """Let other threads of the machine go first, and those that the calling one starts later."""
    if sys.platform == "linux":  # elsewhere it is the whole process's
        own = threading.get_native_id()
        with suppress(OSError):
            nice = max(NICE, os.getpriority(os.PRIO_PROCESS, own))
            os.setpriority(os.PRIO_PROCESS, own, nice)
