"""The async client asks many things at once, and takes what comes by and by."""

import asyncio
from collections.abc import AsyncIterator

from binocle_client import AsyncClient
from binocle_client.requests import RecordBody
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
