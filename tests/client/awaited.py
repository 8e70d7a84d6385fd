"""An async client that is asked like the other one, so that one suite tries both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast

from binocle_client import AsyncClient, Client


class _Awaited:
    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self._client, self._runner = client, runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def asked(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            if inspect.isasyncgen(answer):
                return self._each(answer)
            assert inspect.iscoroutine(answer), f"{name} is not awaited"
            return self._runner.run(answer)

        return asked

    def _each(self, answers: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(answers, _Awaited)

        while (answer := self._runner.run(following())) is not _Awaited:
            yield answer


@contextmanager
def awaited(url: str, **options: Any) -> Iterator[Client]:
    """Open an async client; each of its methods is awaited, each of its iterators gone through."""
    with asyncio.Runner() as runner:
        client = AsyncClient(url, **options)
        yield cast("Client", _Awaited(client, runner))
        runner.run(client.aclose())
