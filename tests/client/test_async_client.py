"""The async client asks many things at once, and takes what comes by and by."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from binocle_client import AsyncClient
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running


def test_tasks_share_a_client_and_records_are_taken_as_they_are_stored(
    service: Running, name: str
) -> None:
    taken: list[int] = []

    async def coming() -> AsyncIterator[RecordBody]:
        for number in range(6):
            taken.append(number)
            yield RecordBody(id=str(number), texts={"title": f"bag {number}"})

    async def ask() -> None:
        async with AsyncClient(service.url) as client:
            stored = [
                (outcome.id, len(taken))
                async for outcome in client.store_many(name, coming(), at_once=2)
            ]
            assert stored == [("0", 2), ("1", 2), ("2", 4), ("3", 4), ("4", 6), ("5", 6)]
            found = await asyncio.gather(*(client.record(name, str(n)) for n in range(6)))
            assert [one.id for one in found] == [str(n) for n in range(6)]

    asyncio.run(ask())


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, name, path: client.search_image(name, path),
        lambda client, name, path: anext(client.lookup_each(name, [path])),
    ],
    ids=["a call", "an iterator"],
)
def test_other_tasks_go_on_while_a_picture_file_is_read(
    service: Running,
    name: str,
    tmp_path: Path,
    ask: Callable[[AsyncClient, str, Path], Awaitable[Any]],
) -> None:
    slow = tmp_path / "slow.jpg"
    os.mkfifo(slow)
    other_task_ran = threading.Event()
    in_time: list[bool] = []

    def give() -> None:
        in_time.append(other_task_ran.wait(2))
        slow.write_bytes(picture_bytes(1))

    async def both() -> None:
        async with AsyncClient(service.url) as client:
            asked = asyncio.ensure_future(ask(client, name, slow))
            await asyncio.sleep(0.01)
            other_task_ran.set()
            await asked

    giver = threading.Thread(target=give)
    giver.start()
    asyncio.run(both())
    giver.join()
    assert in_time == [True]
