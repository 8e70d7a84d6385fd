"""Zips that are damaged, or more than they seem."""

import struct
import zipfile
from pathlib import Path

import pytest

from binocle.errors import SourceError
from indexer.sources import archive
from indexer.sources.archive import ArchiveSource
from tests.support import Bench, picture_bytes


def zip_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as written:
        for name, data in members.items():
            written.writestr(name, data)
    return bytearray(path.read_bytes())


def place_of(path: Path, name: str) -> int:
    """Return where a member's content begins."""
    with zipfile.ZipFile(path) as opened:
        return opened.getinfo(name).header_offset + 30 + len(name)


MEMBERS = {f"{seed}.jpg": picture_bytes(seed) for seed in range(4)} | {"1.txt": b"red " * 300}


@pytest.mark.parametrize("bad", ["2.jpg", "1.txt"])
def test_damaged_member_costs_itself(bench: Bench, tmp_path: Path, bad: str) -> None:
    path = tmp_path / "a.zip"
    data = zip_of(path, MEMBERS)
    place = place_of(path, bad)
    data[place : place + 8] = b"\xff" * 8
    path.write_bytes(data)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (4 - (bad == "2.jpg"), 1)
    assert "the file cannot be read" in bench.skipped()[bad]


def test_encrypted_sidecar_costs_itself(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = zip_of(path, MEMBERS)
    place = place_of(path, "1.txt") - 30 - len("1.txt")
    data[place + 6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert bench.index(ArchiveSource(path)).tally.added == 4
    assert "it is encrypted" in bench.skipped()["1.txt"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_no_more_is_unpacked_than_a_member_is_said_to_have(
    bench: Bench, tmp_path: Path, method: int
) -> None:
    path = tmp_path / "a.zip"
    data = zip_of(path, {"a.jpg": picture_bytes(0), "b.jpg": bytes(50_000_000)}, method)
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (1, 1)
    assert "b.jpg" in bench.skipped()


def test_members_together_unpack_to_no_more_than_their_share(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MIN_UNPACKED_BYTES", 1_000_000)
    path = tmp_path / "a.zip"
    zip_of(path, {"a.jpg": picture_bytes(0)} | {f"{one}.jpg": bytes(900_000) for one in range(9)})
    tally = bench.index(ArchiveSource(path)).tally
    assert tally.added == 1
    assert "if it is sound, unpack it and index the folder" in bench.skipped()["(archive)"]


def test_members_have_a_limit(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_MAX_MEMBERS", 2)
    path = tmp_path / "a.zip"
    zip_of(path, MEMBERS)
    assert bench.index(ArchiveSource(path)).tally.added == 2
    assert "more members than the limit of 2; split it" in bench.skipped()["(archive)"]


def test_what_is_no_zip_is_one_error(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(SourceError, match="is damaged or no archive"):
        bench.index(ArchiveSource(path))
