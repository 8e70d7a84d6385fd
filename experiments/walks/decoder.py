"""A decoder that writes each call of a function to its standard error."""

import os
import sys
from types import FrameType

from binocle.media import decoder_pool, images
from experiments.walks.calls import function_of


def decode_and_tell() -> None:
    """Serve as ``decoder_pool.work`` does, and tell of it."""

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and (name := function_of(frame.f_code)):
            os.write(2, f"{name}\n".encode())

    assert images  # is loaded before it is watched
    sys.setprofile(note)
    decoder_pool.work()


if __name__ == "__main__":
    decode_and_tell()
