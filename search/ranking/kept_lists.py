"""The listings that cursors may still name, within limits of count, memory and age."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search.ranking.result_list import ResultList


@dataclass(frozen=True, slots=True)
class _Kept:
    """A listing, when it was used last, and what it held of memory then."""

    used_at: float
    size_bytes: int
    held: Mapping[int, int]
    listing: ResultList


class ResultLists:
    """The listings of one collection that cursors may still name. Thread-safe."""

    def __init__(
        self,
        *,
        max_count: int = 1000,
        max_bytes: int = 256 * 1024 * 1024,
        max_old_bytes: int = 1024 * 1024 * 1024,
        min_old_bytes: int = 32 * 1024 * 1024,
        max_age_s: float = 1800.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up.

        Args:
            max_count: How many are kept, those used last.
            max_bytes: How much memory all of them may take, at least one aside.
            max_old_bytes: How much memory they may keep of what has been replaced since in the
                collection, in index segments and metadata: what the newest of them does not have.
                Where all that the newest has is less, so much, but ``min_old_bytes`` at least.
            min_old_bytes: See there.
            max_age_s: How long one is kept after its last use.
            clock: Tells the seconds.
        """
        self._max_count, self._max_bytes, self._max_age_s = max_count, max_bytes, max_age_s
        self._max_old_bytes, self._min_old_bytes = max_old_bytes, min_old_bytes
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._holders: Counter[int] = Counter()  # of what is held, how many listings have it
        self._held: dict[int, int] = {}  # bytes of each
        self._held_bytes = 0
        self._newest = -1
        self._newest_held: Mapping[int, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def old_bytes(self) -> int:
        """How much memory they keep of what the newest of them does not have."""
        shared = (self._held[one] for one in self._newest_held if one in self._held)
        return self._held_bytes - sum(shared)

    def keep(self, listing: ResultList) -> None:
        """Keep a listing, or note that it was used; the least recently used go."""
        held, size, now = listing.held_bytes, listing.size_bytes, self._clock()
        with self._lock:
            if listing.name in self._kept:
                self._forget(listing.name)
            self._kept[listing.name] = _Kept(now, size, held, listing)
            self._bytes += size
            self._holders.update(held.keys())
            for one in held.keys() - self._held.keys():
                self._held[one] = held[one]
                self._held_bytes += held[one]
            if listing.plan.snapshot.change >= self._newest:
                self._newest, self._newest_held = listing.plan.snapshot.change, held
            while len(self._kept) > 1:
                name, oldest = next(iter(self._kept.items()))
                if not self._is_full() and now - oldest.used_at <= self._max_age_s:
                    return
                self._forget(name)

    def get(self, name: str) -> ResultList | None:
        """Return a kept listing; None where it is gone."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and self._clock() - kept.used_at > self._max_age_s:
                self._forget(name)
                return None
            return None if kept is None else kept.listing

    def _is_full(self) -> bool:
        if len(self._kept) > self._max_count or self._bytes > self._max_bytes:
            return True
        least = min(self._max_old_bytes, self._min_old_bytes)
        if self._held_bytes <= least:  # as it is, but where much is written beside
            return False
        newest_bytes = sum(self._newest_held.values())
        return self.old_bytes > max(least, min(self._max_old_bytes, newest_bytes))

    def _forget(self, name: str) -> None:
        kept = self._kept.pop(name)
        self._bytes -= kept.size_bytes
        self._holders.subtract(kept.held.keys())
        for one in kept.held:
            if not self._holders[one]:
                del self._holders[one]
                self._held_bytes -= self._held.pop(one)
