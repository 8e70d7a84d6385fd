"""One encoder for many threads."""

import asyncio
from collections.abc import Sequence

import numpy as np

from api.http.runtime.encoder_queue import EncoderQueue
from api.http.runtime.metrics import Metrics
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array


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
        queue = EncoderQueue(encoder, metrics, loop, asyncio.Semaphore(), max_batch=2, queue_size=8)
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
