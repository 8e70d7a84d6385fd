"""Zips that end too early: what lies before the cut is there, and nothing else is touched."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources.archive import ArchiveSource
from indexer.sources.members.cut_zip import cut_members, read_cut
from tests.support import Bench, picture_bytes

MEMBERS = {f"größe {seed}.jpg": picture_bytes(seed) for seed in range(6)} | {"größe 1.txt": b"red"}


class Pipe(io.BytesIO):
    """What is written as it goes: lengths come behind."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def zipped(members: dict[str, bytes], method: int, file: io.BytesIO) -> bytes:
    with zipfile.ZipFile(file, "w", method) as written:
        written.mkdir("folder")
        for name, data in members.items():
            written.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("method", "is_piped"),
    [
        (zipfile.ZIP_STORED, False),
        (zipfile.ZIP_STORED, True),
        (zipfile.ZIP_DEFLATED, False),
        (zipfile.ZIP_DEFLATED, True),
    ],
)
def test_cut_zip_has_the_members_before_the_cut(
    tmp_path: Path, method: int, is_piped: bool
) -> None:
    data = zipped(MEMBERS, method, Pipe() if is_piped else io.BytesIO())
    path = tmp_path / "a.zip"
    names, counts = ["folder/", *MEMBERS], set()
    for cut in [10, *random.Random(3).sample(range(len(data)), 60), data.index(b"PK\x01\x02")]:
        path.write_bytes(data[:cut])
        found = {one.name: read_cut(path, one) for one in cut_members(path, 10**9)}
        assert list(found) == names[: len(found)]
        assert all(found[name] == MEMBERS[name] for name in found if name != "folder/")
        counts.add(len(found))
    assert counts >= {0, 3, 5, len(names)}


def test_records_of_a_cut_zip_stay_and_it_is_told(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = zipped(MEMBERS, zipfile.ZIP_DEFLATED, io.BytesIO())
    path.write_bytes(data)
    assert bench.index(ArchiveSource(path)).tally.added == 6
    path.write_bytes(data[: len(data) // 2])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.updated, tally.removed, tally.skipped) == (0, 0, 0, 1)
    (told,) = bench.skipped().values()
    assert "the list of its members, at its end, is cut away" in told
    path.write_bytes(data)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.removed, tally.skipped) == (0, 0, 0)


def test_new_zip_that_is_cut_brings_what_is_before_the_cut(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = zipped(MEMBERS, zipfile.ZIP_DEFLATED, io.BytesIO())
    path.write_bytes(data[: data.index("größe 4.jpg".encode())])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (4, 1)


def test_zip_of_which_nothing_is_whole_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(MEMBERS, zipfile.ZIP_DEFLATED, io.BytesIO())[:50])
    with pytest.raises(SourceError, match="damaged or no archive"):
        list(ArchiveSource(path).scan("a"))


def test_header_that_lies_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = bytearray(zipped({"a.jpg": bytes(50_000_000)}, zipfile.ZIP_DEFLATED, io.BytesIO()))
    place = data.index(b"a.jpg") - 30
    data[place + 22 : place + 26] = (100).to_bytes(4, "little")
    path.write_bytes(data[:-30])
    one = list(cut_members(path, 10**9))[-1]
    with pytest.raises(OSError, match="damaged"):
        read_cut(path, one)


def test_what_members_unpack_to_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = zipped({"a.jpg": b"x", "b.jpg": bytes(50_000_000)}, zipfile.ZIP_DEFLATED, Pipe())
    path.write_bytes(data[:-30])
    assert [one.name for one in cut_members(path, 1_000_000)] == ["folder/", "a.jpg"]


@pytest.mark.parametrize("reason", ["encrypted", "damaged"])
def test_member_that_cannot_be_unpacked_costs_itself(tmp_path: Path, reason: str) -> None:
    data = bytearray(zipped(MEMBERS, zipfile.ZIP_DEFLATED, Pipe()))
    name = "größe 2.jpg".encode()
    place = data.index(name)
    data[place + len(name) : place + len(name) + 40] = b"\xff" * 40
    data[place - 30 + 6] |= reason == "encrypted"
    path = tmp_path / "a.zip"
    path.write_bytes(data[: data.index(b"PK\x01\x02")])
    found = {one.name: one for one in cut_members(path, 10**9)}
    assert list(found) == ["folder/", *MEMBERS]
    with pytest.raises(OSError, match=reason):
        read_cut(path, found["größe 2.jpg"])


def test_member_that_unpacks_to_something_else_is_damaged(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.jpg": b"", "b.jpg": b"x"}, zipfile.ZIP_DEFLATED, Pipe()))
    data[data.index(b"PK\x07\x08") + 4] ^= 1
    path = tmp_path / "a.zip"
    path.write_bytes(data[: data.index(b"PK\x01\x02")])
    _, one, other = cut_members(path, 10**9)
    with pytest.raises(OSError, match="damaged"):
        read_cut(path, one)
    assert read_cut(path, other) == b"x"


@pytest.mark.parametrize("inner", [{}, {"inner.jpg": b"x"}])
def test_list_of_a_zip_within_is_not_taken_for_that_of_a_cut_one(
    bench: Bench, tmp_path: Path, inner: dict[str, bytes]
) -> None:
    within = io.BytesIO()
    with zipfile.ZipFile(within, "w") as written:
        for name, content in inner.items():
            written.writestr(name, content)
    data = zipped(MEMBERS | {"in.zip": within.getvalue()}, zipfile.ZIP_STORED, io.BytesIO())
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert bench.index(ArchiveSource(path)).tally.added == 6
    path.write_bytes(data[:-30])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.updated, tally.removed) == (0, 0, 0)


@pytest.mark.parametrize("is_piped", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("damage", ["mark", "name", "lengths"])
def test_damaged_header_costs_its_own_member(
    tmp_path: Path, method: int, damage: str, *, is_piped: bool
) -> None:
    data = bytearray(zipped(MEMBERS, method, Pipe() if is_piped else io.BytesIO()))
    place = data.index("größe 2.jpg".encode()) - 30
    first, count = {"mark": (0, 4), "name": (0, 40), "lengths": (18, 8)}[damage]
    data[place + first : place + first + count] = b"\xff\x7f" * (count // 2)
    path = tmp_path / "a.zip"
    path.write_bytes(data[: data.index(b"PK\x01\x02") + 40])
    names = [one.name for one in cut_members(path, 10**9)]
    others = [name for name in ["folder/", *MEMBERS] if name != "größe 2.jpg"]
    assert [name for name in names if name != "größe 2.jpg"] == others


def test_headers_of_a_zip_within_that_is_cut_are_none_of_its_own(tmp_path: Path) -> None:
    inner = zipped(MEMBERS, zipfile.ZIP_STORED, io.BytesIO())
    data = zipped({"a.jpg": b"x", "in.zip": inner}, zipfile.ZIP_STORED, io.BytesIO())
    path = tmp_path / "a.zip"
    path.write_bytes(data[: len(data) // 2])
    assert [one.name for one in cut_members(path, 10**9)] == ["folder/", "a.jpg"]
