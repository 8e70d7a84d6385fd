"""Working on concurrent requests together; one encoder for many threads."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from api.http.errors.problems import ServiceError
from api.http.runtime.fair_queue import CALLER
from api.http.runtime.metrics import Metrics
from api.http.runtime.work_queues import Batcher, EncoderQueue
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array


class Doubler:
    """Doubles numbers; while the gate is shut it does not finish."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.error: Exception | None = None

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.release()
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return [2 * item for item in items]

    async def busy(self) -> None:
        """Wait until a batch has begun."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=10)


@pytest.fixture
def work() -> Iterator[Doubler]:
    doubler = Doubler()
    yield doubler
    doubler.gate.set()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_idle_batcher_works_at_once_on_what_there_is(
    work: Doubler, executor: ThreadPoolExecutor
) -> None:
    sizes: list[int] = []

    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=8, queue_size=16, on_batch=sizes.append)
        work.gate.set()
        assert await batcher.submit([1]) == [2]
        assert await batcher.submit([3]) == [6]
        assert await batcher.submit([]) == []
        await batcher.close()

    asyncio.run(main())
    assert work.batches == [[1], [3]]
    assert sizes == [1, 1]


def test_what_arrives_meanwhile_is_one_batch(work: Doubler, executor: ThreadPoolExecutor) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=8, queue_size=16)
        first = asyncio.create_task(batcher.submit([1]))
        await work.busy()
        others = [asyncio.create_task(batcher.submit([n, n + 10])) for n in (2, 3, 4)]
        await settle()
        assert batcher.waiting == 6
        work.gate.set()
        assert await first == [2]
        assert await asyncio.gather(*others) == [[4, 24], [6, 26], [8, 28]]
        await batcher.close()

    asyncio.run(main())
    assert work.batches == [[1], [2, 12, 3, 13, 4, 14]]


def test_no_batch_is_larger_than_allowed(work: Doubler, executor: ThreadPoolExecutor) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=4, queue_size=16)
        work.gate.set()
        assert await batcher.submit(list(range(10))) == [2 * n for n in range(10)]
        await batcher.close()

    asyncio.run(main())
    assert [len(batch) for batch in work.batches] == [4, 4, 2]


def test_full_queue_refuses_and_keeps_its_promises(
    work: Doubler, executor: ThreadPoolExecutor
) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=2, queue_size=3)
        first = asyncio.create_task(batcher.submit([1]))
        await work.busy()
        second = asyncio.create_task(batcher.submit([2, 3]))
        await settle()
        with pytest.raises(ServiceError, match="too many") as caught:
            await batcher.submit([4, 5])
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
        third = asyncio.create_task(batcher.submit([6]))
        await settle()
        work.gate.set()
        assert list(await asyncio.gather(first, second, third)) == [[2], [4, 6], [12]]
        await batcher.close()

    asyncio.run(main())
    assert sorted(item for batch in work.batches for item in batch) == [1, 2, 3, 6]


def test_queue_without_a_limit_refuses_nobody(work: Doubler, executor: ThreadPoolExecutor) -> None:
    async def main() -> None:
        CALLER.set("one key")
        batcher = Batcher(work, executor, max_batch=100, queue_size=None)
        calls = [asyncio.create_task(batcher.submit(list(range(50)))) for _ in range(20)]
        await work.busy()
        work.gate.set()
        assert await asyncio.gather(*calls) == [[2 * n for n in range(50)]] * 20
        await batcher.close()

    asyncio.run(main())


def test_call_larger_than_the_queue_is_worked_on_when_nothing_waits(
    work: Doubler, executor: ThreadPoolExecutor
) -> None:
    """The service takes ``max_batch`` inputs a call, which may be more than ``queue_size``."""

    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=2, queue_size=3)
        work.gate.set()
        assert await batcher.submit([1, 2, 3, 4]) == [2, 4, 6, 8]
        await batcher.close()

    asyncio.run(main())


def test_error_reaches_everyone_in_the_batch_and_nobody_else(
    work: Doubler, executor: ThreadPoolExecutor
) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=8, queue_size=16)
        first = asyncio.create_task(batcher.submit([1]))
        await work.busy()
        others = [asyncio.create_task(batcher.submit([n, n])) for n in (2, 3)]
        await settle()
        work.error = ValueError("broken")
        work.gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        assert [str(answer) for answer in answers] == ["broken"] * 3
        work.error = None
        assert await batcher.submit([5]) == [10]
        await batcher.close()

    asyncio.run(main())


def test_who_has_gone_is_not_worked_for(work: Doubler, executor: ThreadPoolExecutor) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=8, queue_size=16)
        first = asyncio.create_task(batcher.submit([1]))
        await work.busy()
        gone = asyncio.create_task(batcher.submit([2, 3]))
        stays = asyncio.create_task(batcher.submit([4]))
        await settle()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        first.cancel()  # is being worked on: its result is thrown away
        work.gate.set()
        assert await stays == [8]
        assert gone.cancelled()
        await batcher.close()

    asyncio.run(main())
    assert work.batches == [[1], [4]]


def test_closing_ends_what_waits(work: Doubler, executor: ThreadPoolExecutor) -> None:
    async def main() -> None:
        batcher = Batcher(work, executor, max_batch=1, queue_size=16)
        waiting = [asyncio.create_task(batcher.submit([n])) for n in (1, 2)]
        await work.busy()
        await batcher.close()
        work.gate.set()
        done, pending = await asyncio.wait(waiting, timeout=2)
        for task in pending:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(done) == 2
        assert not pending

    asyncio.run(main())


class Counting(ColourEncoder):
    """Notes what it is asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        self.asked.append(list(texts))
        return super().encode_texts(texts)


def test_threads_get_what_the_encoder_gives_and_texts_are_embedded_once() -> None:
    encoder, metrics = Counting(), Metrics()
    pixels = np.zeros((3, 32, 32, 3), np.uint8)
    pixels[1] = 255

    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue = EncoderQueue(encoder, metrics, loop, asyncio.Semaphore(), max_batch=2)
        rows = await asyncio.to_thread(queue.encode_texts, ["red", "blue", "red", "green"])
        again = await asyncio.to_thread(queue.encode_texts, ["blue", "red"])
        images = await asyncio.to_thread(queue.encode_images, pixels)
        await queue.close()
        assert encoder.asked == [["red", "blue"], ["green"]]
        assert (rows == ColourEncoder().encode_texts(["red", "blue", "red", "green"])).all()
        assert (again == rows[[1, 0]]).all()
        np.testing.assert_allclose(images, encoder.encode_images(pixels), atol=1e-6)
        assert queue.space == encoder.space

    asyncio.run(main())
