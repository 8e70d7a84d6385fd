"""Doing something for each of several queries, where one that fails spoils no other."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from binocle.errors import BinocleError, BusyError

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def each(
    work: Callable[[_In], _Out],
    several: Sequence[_In | BinocleError],
    is_stopped: Callable[[], bool] = lambda: False,
) -> list[_Out | BinocleError]:
    """Do something for each of several; one that fails, or has failed before, spoils no other."""
    done: list[_Out | BinocleError] = []
    for one in several:
        if isinstance(one, BinocleError):
            done.append(one)
            continue
        if is_stopped():
            done.append(BusyError("it was ended before this query was answered; ask again"))
            continue
        try:
            done.append(work(one))
        except BinocleError as error:
            done.append(error)
    return done
