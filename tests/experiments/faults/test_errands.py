"""What is sent on an errand has its decoder ready."""

import subprocess
import sys

from tests.support import ROOT, picture_bytes

_PROGRAM = """
import sys
from binocle.media import decoder_pool, sandbox
from binocle.types import ImageSpec, Limits
from experiments.faults.errands import _fork_decoder
_fork_decoder()
start, started = sandbox.start_decoder, []
sandbox.start_decoder = lambda nice=0: started.append(start(nice)) or started[-1]
with decoder_pool.DecoderPool(1, Limits()) as pool:
    picture = pool.decode(sys.stdin.buffer.read(), ImageSpec(8, 8))
print(type(started[0]).__name__, picture.pixels.shape, started[0].wait())
"""


def test_the_first_decoder_is_forked_and_ends_with_its_pool() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=picture_bytes(1), cwd=ROOT,
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert told.stdout.decode().split() == ["ForkedDecoder", "(8,", "8,", "3)", "0"]
