"""What waits, given out in turns, so that no API key has to wait behind all that another sent."""

from collections import OrderedDict
from contextvars import ContextVar
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

CALLER: ContextVar[str] = ContextVar("CALLER", default="")
"""Who asks in this request: the identity of its API key; empty where the service has no keys."""


class FairQueue(Generic[_Item]):
    """Items by caller: the first of each in turn, then the second. Not thread-safe."""

    def __init__(self, size: int | None) -> None:
        """Set up.

        Args:
            size: Most items in all; half of them of one API key. None for no limit.
        """
        self._size = size
        self._waiting: OrderedDict[str, OrderedDict[_Item, None]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def has_room(self, caller: str, count: int = 1) -> bool:
        """Tell whether a caller may bring so many more.

        Who has nothing waiting always may, so that others cannot keep it out, and a single call
        may bring more than the queue has room for.
        """
        if self._size is None:
            return True
        own = len(self._waiting.get(caller, ()))
        most = max(1, self._size // 2) if caller else self._size
        return own == 0 or (own + count <= most and self._count + count <= self._size)

    def put(self, caller: str, item: _Item) -> None:
        """Append an item, which can be hashed and is not there yet."""
        self._waiting.setdefault(caller, OrderedDict())[item] = None
        self._count += 1

    def pop(self) -> _Item:
        """Take the item whose turn it is.

        Raises:
            IndexError: None is there.
        """
        if not self._waiting:
            raise IndexError("nothing waits")
        caller = next(iter(self._waiting))
        items = self._waiting[caller]
        item, _ = items.popitem(last=False)
        if items:
            self._waiting.move_to_end(caller)
        else:
            del self._waiting[caller]
        self._count -= 1
        return item

    def discard(self, caller: str, item: _Item) -> bool:
        """Take an item away; return whether it was there."""
        items = self._waiting.get(caller, OrderedDict())
        if item not in items:
            return False
        del items[item]
        if not items:
            del self._waiting[caller]
        self._count -= 1
        return True
