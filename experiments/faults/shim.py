"""The library that is preloaded into the program, and the plan it reads while the program runs."""

import mmap
import os
import shutil
import struct
import subprocess
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

KILL, STOP = -1, -2
_SOURCE = Path(__file__).with_name("shim.c")
_LAYOUT = struct.Struct("8q")
_COUNT, _FIRST_AND_LAST, _FIRED = slice(0, 8), slice(8, 24), slice(32, 40)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at which change below the watched folder: writes, syncs, renames and the like.

    Attributes:
        first: The number of the first call that is hit; 0 for none.
        last: The number of the last one.
        error: The ``errno`` it fails with, or ``KILL``, or ``STOP``.
        share: How many thousandths of the bytes a write that is hit has written all the same.
        clock_at: From which call on the clock is another one; 0 for never.
        clock_s: By how many seconds.
    """

    first: int = 0
    last: int = 0
    error: int = 0
    share: int = 0
    clock_at: int = 0
    clock_s: int = 0


class FaultPlan:
    """A plan in a file that the program has mapped, so that it can be changed while it runs."""

    def __init__(self, path: Path) -> None:
        """Map the file, making it with nothing planned where there is none."""
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(_LAYOUT.size))
        self._file = path.open("r+b")
        self._mapped = mmap.mmap(self._file.fileno(), _LAYOUT.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._mapped.close()
        self._file.close()

    def set(self, fault: Fault) -> None:
        """Count from 0 again, towards this fault."""
        first, last, error, share, clock_at, clock_s = astuple(fault)
        self._mapped[:] = _LAYOUT.pack(0, first, last, error, 0, share, clock_at, clock_s)

    def clear(self) -> None:
        """Let the fault be gone; what was counted stays."""
        self._mapped[_FIRST_AND_LAST] = struct.pack("2q", 0, 0)

    @property
    def count(self) -> int:
        """How many calls there were."""
        return self._values()[0]

    @property
    def fired(self) -> int:
        """How many of them were hit."""
        return self._values()[4]

    def due(self) -> int:
        """Count a call; return what it is to fail with, 0 for nothing. See ``stand_in``."""
        count, first, last, error, fired, *_ = self._values()
        is_hit = first <= count + 1 <= last
        self._mapped[_COUNT] = struct.pack("q", count + 1)  # the rest is the harness's
        self._mapped[_FIRED] = struct.pack("q", fired + is_hit)
        return error if is_hit else 0

    def _values(self) -> tuple[int, ...]:
        return _LAYOUT.unpack(self._mapped[:])


def built_shim(folder: Path) -> Path | None:
    """Compile the library into a folder; return None where there is no C compiler.

    Raises:
        RuntimeError: It cannot be compiled.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None
    library = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"the shim cannot be compiled: {ended.stderr}")
    return library
