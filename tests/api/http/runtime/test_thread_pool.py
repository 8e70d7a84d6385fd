"""What nobody waits for any more is not computed to its end."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from api.http.errors.problems import GoneError
from api.http.runtime.metrics import Metrics
from api.http.runtime.thread_pool import (
    BoundedThreadPool,
    check_wanted,
    each_while_wanted,
    while_wanted,
)
from api.http.runtime.work_queues import EncoderQueue
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, Limits, PixelArray
from indexer.sources.base import Candidate
from indexer.sources.uploads import uploaded_text
from indexer.upload import store_upload


class Slow(ColourEncoder):
    """Waits in each batch until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.sizes: list[int] = []

    def _wait(self, size: int) -> None:
        self.sizes.append(size)
        self.begun.release()
        assert self.may_go_on.acquire(timeout=10)

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        self._wait(len(pixels_nhwc))
        return super().encode_images(pixels_nhwc)

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        self._wait(len(texts))
        return super().encode_texts(texts)


Work = Callable[[EncoderQueue], Float32Array]


@pytest.mark.parametrize(
    "work",
    [
        lambda queue: queue.encode_texts([str(number) for number in range(8)]),
        lambda queue: queue.encode_images(np.zeros((8, 32, 32, 3), np.uint8)),
    ],
    ids=["texts", "pictures"],
)
def test_what_a_batch_still_has_to_embed_is_dropped_when_nobody_waits(work: Work) -> None:
    async def main() -> None:
        encoder, loop = Slow(), asyncio.get_running_loop()
        queue = EncoderQueue(encoder, Metrics(), loop, asyncio.Semaphore(), max_batch=2)
        pool = BoundedThreadPool[Float32Array]("test", 1, 4)
        request = asyncio.create_task(pool.run(work, queue))
        assert await asyncio.to_thread(encoder.begun.acquire, timeout=10)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        # The one thread is free although the encoder is still at work.
        assert await asyncio.wait_for(pool.run(lambda: np.ones(1, np.float32)), 10) == 1
        encoder.may_go_on.release(8)
        await queue.close()
        assert encoder.sizes == [2]
        pool.close()

    asyncio.run(main())


def test_results_nobody_waits_for_are_not_made() -> None:
    is_gone, made = threading.Event(), list[int]()

    def make(number: int) -> int:
        made.append(number)
        if number == 2:
            is_gone.set()
        return number

    with pytest.raises(GoneError):
        while_wanted(
            lambda: not is_gone.is_set(),
            lambda: list(each_while_wanted(map(make, range(1000)))),
        )()
    assert made == [0, 1, 2]


def test_an_upload_nobody_waits_for_is_not_stored(tmp_path: Path) -> None:
    texts = [(str(number), uploaded_text("title", f"red {number}")) for number in range(40)]
    candidates = [Candidate(name, "", name, "u", texts=(text,)) for name, text in texts]
    taken = list[int]()
    with (
        Collection(tmp_path / "c", create=True) as collection,
        DecoderPool(1, Limits()) as decoders,
    ):

        def check() -> None:
            taken.append(1)
            if len(taken) == 3:
                raise GoneError

        with pytest.raises(GoneError):
            store_upload(collection, candidates, ColourEncoder(), decoders, check)
        assert len(taken) == 3
        with collection.reading() as session:
            assert session.records.count() == 0
        while_wanted(lambda: True, check_wanted)()
