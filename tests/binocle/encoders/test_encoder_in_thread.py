"""Another thread encodes, one and the same, and begins as it is told."""

import threading

import numpy as np

from binocle.encoders.encoder_in_thread import EncoderInThread
from tests.support import CountingEncoder


def test_one_thread_of_its_own_encodes_what_the_other_encoder_would() -> None:
    inner = CountingEncoder()
    began: list[int] = []
    encoder = EncoderInThread(inner, lambda: began.append(threading.get_native_id()))
    spec = encoder.image_spec
    pixels = np.full((2, spec.height, spec.width, 3), 90, np.uint8)
    assert np.array_equal(encoder.encode_images(pixels), inner.encode_images(pixels))
    assert np.array_equal(encoder.encode_texts(["red"]), inner.encode_texts(["red"]))
    assert len(began) == 1
    assert began != [threading.get_native_id()]
    assert (encoder.space, encoder.batch_size) == (inner.space, inner.batch_size)
