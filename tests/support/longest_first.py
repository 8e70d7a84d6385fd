"""The order in which several processes run tests: what takes long is begun first.

pytest-xdist gives each process one of equal parts of all tests; whoever is done takes over half of
what another has left, but never the last two. So a part begins with its share of the long ones, and
goes on with neighbours, which share what a file or a folder has set up.
"""

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def dealt(long: Sequence[_T], others: Sequence[_T], processes: int) -> list[_T]:
    """Return all tests in order, the long ones dealt to the beginnings of the processes' parts."""
    given, left = [long[one::processes] for one in range(processes)], list(others)
    order: list[_T] = []
    for one, beginning in enumerate(given):
        size = (len(long) + len(others) - len(order)) // (processes - one)
        count = max(0, size - len(beginning))
        order += [*beginning, *left[:count]]
        del left[:count]
    return order + left
