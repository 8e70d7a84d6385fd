"""A body cut into lines while it comes, some of them at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

AT_ONCE = 256
_AT_ONCE_BYTES = 8 * 1024 * 1024
_PATIENCE_S = 0.25  # what has come by then is not kept waiting for more


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line.

    Attributes:
        number: Which, from 1.
        text: What it says.
        fault: Why it was not read; None where it was.
    """

    number: int
    text: bytes
    fault: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self.fault is None and not self.text.strip()


async def chunks_of_lines(
    body: AsyncIterator[bytes], longest: int
) -> AsyncIterator[list[RecordLine]]:
    """Yield a body's lines in order, without empty ones.

    Nothing is read of the body while a chunk is dealt with, so whoever sends it waits meanwhile.

    Args:
        body: As it comes.
        longest: How many bytes a line may have; of a longer one only that is told.
    """
    cutter = LineCutter(longest)
    waiting: list[RecordLine] = []
    coming = asyncio.ensure_future(anext(body, None))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=_PATIENCE_S if waiting else None)
            is_last = False
            if done:
                piece = coming.result()
                is_last = piece is None
                waiting += cutter.end() if piece is None else cutter.add(piece)
                if not is_last:
                    coming = asyncio.ensure_future(anext(body, None))
            while waiting and (is_last or not done or _is_enough(waiting)):
                chunk = _first(waiting)
                yield chunk
                del waiting[: len(chunk)]
            if is_last:
                return
    finally:
        coming.cancel()


class LineCutter:
    """Cuts what comes in pieces into lines."""

    def __init__(self, longest: int) -> None:
        """Set up; ``longest`` as for ``chunks_of_lines``."""
        self._longest = longest
        self._begun = bytearray()
        self._is_too_long = False
        self._number = 0

    def add(self, piece: bytes) -> list[RecordLine]:
        """Return the lines that end in a piece."""
        *ended, begun = piece.split(b"\n")
        found = []
        for part in ended:
            self._take(part)
            found += self._line()
        self._take(begun)
        return found

    def end(self) -> list[RecordLine]:
        """Return the line that is there at the end without a line's end."""
        return self._line() if self._begun or self._is_too_long else []

    def _take(self, part: bytes) -> None:
        if len(self._begun) + len(part) > self._longest:
            self._is_too_long = True
            self._begun.clear()
        elif not self._is_too_long:
            self._begun += part

    def _line(self) -> list[RecordLine]:
        self._number += 1
        fault = f"the line is longer than {self._longest:,} bytes" if self._is_too_long else None
        line = RecordLine(self._number, bytes(self._begun), fault)
        self._begun.clear()
        self._is_too_long = False
        return [] if line.is_empty else [line]


def _is_enough(waiting: list[RecordLine]) -> bool:
    return len(waiting) >= AT_ONCE or sum(len(one.text) for one in waiting) >= _AT_ONCE_BYTES


def _first(waiting: list[RecordLine]) -> list[RecordLine]:
    """Return as many of the first lines as are dealt with at once, at least one."""
    size, count = 0, 0
    while count < min(len(waiting), AT_ONCE) and (not count or size < _AT_ONCE_BYTES):
        size += len(waiting[count].text)
        count += 1
    return waiting[:count]
