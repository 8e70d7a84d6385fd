"""Lines are cut the same however their bytes come."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from api.http.runtime.record_lines import AT_ONCE, LineCutter, RecordLine, chunks_of_lines


def cut(pieces: Sequence[bytes], longest: int = 100) -> list[RecordLine]:
    cutter = LineCutter(longest)
    found = [line for piece in pieces for line in cutter.add(piece)]
    return [*found, *cutter.end()]


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_pieces_make_no_difference(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]
    said = [one for one in body.split(b"\n") if one.strip()]
    assert [one.text for one in cut(pieces)] == said == [one.text for one in cut([body])]


def test_numbers_count_empty_lines_and_long_lines_are_told_once() -> None:
    found = cut([b"a\n\n", b"x" * 8, b"y" * 8, b"\nb"], longest=10)
    assert [(one.number, one.text, one.fault is None) for one in found] == [
        (1, b"a", True), (3, b"", False), (4, b"b", True),
    ]  # fmt: skip


def test_chunks_are_full_or_what_has_come() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x\n" * (AT_ONCE + 3)
        await asyncio.sleep(0.5)
        yield b"y\n"

    async def sizes() -> list[int]:
        return [len(one) async for one in chunks_of_lines(body(), 100)]

    assert asyncio.run(sizes()) == [AT_ONCE, 3, 1]
