"""The listings that cursors may still name, within limits of count, memory and age."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from search.ranking.result_list import ResultList


class ResultLists:
    """The listings of one collection that cursors may still name. Thread-safe."""

    def __init__(
        self,
        *,
        max_count: int = 1000,
        max_bytes: int = 256 * 1024 * 1024,
        max_old_bytes: int = 1024 * 1024 * 1024,
        max_age_s: float = 1800.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up.

        Args:
            max_count: How many are kept, those used last.
            max_bytes: How much memory all of them may take, at least one aside.
            max_old_bytes: How much memory they may keep in index segments that the newest of
                them does not have: what has been replaced since.
            max_age_s: How long one is kept after its last use.
            clock: Tells the seconds.
        """
        self._max_count, self._max_bytes, self._max_age_s = max_count, max_bytes, max_age_s
        self._max_old_bytes = max_old_bytes
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, int, ResultList]] = OrderedDict()
        self._bytes = 0
        self._holders: Counter[int] = Counter()  # of each segment, how many listings have it
        self._segment_bytes: dict[int, int] = {}
        self._newest = -1
        self._newest_segments: dict[int, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, listing: ResultList) -> None:
        """Keep a listing, or note that it was used; the least recently used go."""
        size, now = listing.size_bytes, self._clock()
        with self._lock:
            if listing.name in self._kept:
                self._forget(listing.name)
            self._kept[listing.name] = now, size, listing
            self._bytes += size
            segments = listing.segments
            self._holders.update(segments.keys())
            self._segment_bytes |= segments
            if listing.plan.snapshot.change >= self._newest:
                self._newest, self._newest_segments = listing.plan.snapshot.change, segments
            while len(self._kept) > 1:
                old = self._segment_bytes.keys() - self._newest_segments.keys()
                old_bytes = sum(self._segment_bytes[one] for one in old)
                name, (used_at, _, _) = next(iter(self._kept.items()))
                is_full = len(self._kept) > self._max_count or self._bytes > self._max_bytes
                is_full = is_full or old_bytes > self._max_old_bytes
                if not is_full and now - used_at <= self._max_age_s:
                    return
                self._forget(name)

    def get(self, name: str) -> ResultList | None:
        """Return a kept listing; None where it is gone."""
        with self._lock:
            if name in self._kept and self._clock() - self._kept[name][0] > self._max_age_s:
                self._forget(name)
            return self._kept[name][2] if name in self._kept else None

    def _forget(self, name: str) -> None:
        _, size, listing = self._kept.pop(name)
        self._bytes -= size
        for one in listing.segments:
            self._holders[one] -= 1
            if not self._holders[one]:
                del self._holders[one], self._segment_bytes[one]
