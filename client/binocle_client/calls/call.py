"""A method that is written once: of a client it answers, of an async client it is awaited."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from binocle_client.asked import Asked
from binocle_client.transport.async_connection import AsyncConnection
from binocle_client.transport.connection import Connection

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


class Waiting(Protocol):
    """A client whose methods return answers."""

    _service: Connection


class Awaiting(Protocol):
    """A client whose methods are coroutines."""

    _service: AsyncConnection


class call(Generic[_Given, _Answer]):  # noqa: N801 - a decorator, as ``property``
    """Make a method that returns what is asked one that asks it.

    Type checkers see ``def (...) -> Answer`` in ``Client`` and ``async def (...) -> Answer`` in
    ``AsyncClient``, with the parameters of the method.
    """

    def __init__(self, asks: Callable[Concatenate[Any, _Given], Asked[_Answer]]) -> None:
        self.asks = asks
        self.__doc__ = asks.__doc__

    @overload
    def __get__(self, client: Waiting, owner: type) -> Callable[_Given, _Answer]: ...
    @overload
    def __get__(
        self, client: Awaiting, owner: type
    ) -> Callable[_Given, Coroutine[Any, Any, _Answer]]: ...
    @overload
    def __get__(
        self, client: None, owner: type
    ) -> Callable[Concatenate[Any, _Given], Asked[_Answer]]: ...
    def __get__(self, client: Waiting | Awaiting | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self.asks
        asks: Callable[_Given, Asked[_Answer]] = self.asks.__get__(client, owner)
        service = client._service  # noqa: SLF001 - the client's own method
        if isinstance(service, AsyncConnection):

            @wraps(asks)
            async def awaited(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
                asked = await asyncio.to_thread(asks, *args, **kwargs)  # it reads files of pictures
                return await service.ask(asked)

            return awaited

        @wraps(asks)
        def answered(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
            return service.ask(asks(*args, **kwargs))

        return answered
