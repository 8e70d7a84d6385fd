"""Answers that were written a moment ago, for who asks the same of the same records."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from weakref import WeakKeyDictionary

from cachetools import TTLCache

from api.http.mapping.queries import SearchRequest
from binocle.collection.collection import Collection
from binocle.media.kinds import KINDS

_KEPT_S = 30.0  # some rules, and some filters, depend on the time
_MOST_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class RecentAnswer:
    """An answer.

    Attributes:
        text: As ``search_json`` returned it.
        relevant: How many records are, 0 where nothing fits.
        size_bytes: How much memory it takes with what was asked; filled in where it is kept.
    """

    text: str
    relevant: int
    size_bytes: int = field(default=0, compare=False)


class RecentAnswers:
    """Keeps answers while nothing has changed in their collection. For one thread.

    Those that go on from an earlier one, or have pictures with them, are not kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Set up.

        Args:
            clock: Tells the seconds.
        """
        self._kept: TTLCache[tuple[int, str], RecentAnswer] = TTLCache(
            _MOST_BYTES, _KEPT_S, clock, getsizeof=lambda one: one.size_bytes
        )
        self._states: WeakKeyDictionary[Collection, tuple[int, int]] = WeakKeyDictionary()
        self._numbers = count()

    def state(self, collection: Collection) -> int:
        """Return a number for a collection as it is now: another one once it has changed."""
        change = collection.snapshot(tuple(KINDS)).change
        known, number = self._states.get(collection, (None, 0))
        if known != change:
            number = next(self._numbers)
            self._states[collection] = change, number
        return number

    def get(self, state: int, request: SearchRequest) -> RecentAnswer | None:
        """Return the answer that a request had lately, in a state of its collection."""
        return self._kept.get((state, _asked(request)))

    def put(self, state: int, request: SearchRequest, answer: RecentAnswer) -> None:
        """Keep an answer to a request, found when its collection was in a state or after it."""
        is_whole = not (request.earlier or request.has_pictures or request.asked.rules == "draft")
        if not is_whole:
            return
        asked = _asked(request)
        size = sys.getsizeof(answer.text) + sys.getsizeof(asked)
        if size <= _MOST_BYTES:
            self._kept[state, asked] = replace(answer, size_bytes=size)


def _asked(request: SearchRequest) -> str:
    """Return all of a request that its answer depends on."""
    return f"{request.collection}\n{request.where!r}\n{request.asked.model_dump_json()}"
