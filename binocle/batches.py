"""Long sequences some at a time; ``itertools.batched`` comes with Python 3.12."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")


def batched(values: Iterable[_T], size: int = 5000) -> Iterator[list[_T]]:
    """Yield lists of at most ``size`` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
