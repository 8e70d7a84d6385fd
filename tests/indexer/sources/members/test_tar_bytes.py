"""A damaged block of a bzip2 file costs the members of a tar that lie in it, and no others."""

import bz2
from pathlib import Path

import numpy as np
import pytest

from indexer.sources.members import unpacking
from indexer.sources.members.bzip2_blocks import Gap, unpacked_blocks
from indexer.sources.members.tar_members import TarReader
from tests.support import Bench, picture_bytes, tar_of

_COUNT, _SIZE = 60, 12_000  # in blocks of 100 kB


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    return {f"{number}.bin": rng.bytes(_SIZE) for number in range(_COUNT)}


@pytest.fixture(scope="module")
def packed(members: dict[str, bytes]) -> bytes:
    return bz2.compress(tar_of(*members.items()), 1)


def read(path: Path) -> tuple[dict[str, bytes], TarReader]:
    reader, found = TarReader(path), dict[str, bytes]()
    for info in reader.members():
        try:
            found[info.name] = reader.read(info)
        except OSError:
            continue
    reader.close()
    return found, reader


@pytest.mark.parametrize("place", [0.0003, 0.2, 0.45, 0.7, 0.985])
def test_flipped_byte_costs_the_members_of_its_block(
    tmp_path: Path, members: dict[str, bytes], packed: bytes, place: float
) -> None:
    path, where = tmp_path / "a.tar.bz2", int(len(packed) * place)
    path.write_bytes(packed[:where] + bytes([packed[where] ^ 0x10]) + packed[where + 1 :])
    found, reader = read(path)
    assert found.items() <= members.items()
    assert _COUNT - 11 <= len(found) < _COUNT
    (said,) = reader.damages
    assert "damaged blocks, 1 of " in said
    assert not reader.is_complete


def test_a_block_that_is_damaged_gives_nothing_of_itself(
    tmp_path: Path, packed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libbz2 gives the beginning of a block before it sees that its checksum is another."""
    path, damaged = tmp_path / "a.tar.bz2", bytearray(packed[:130_000])
    damaged[60_000] ^= 1  # in the first block
    path.write_bytes(damaged)
    monkeypatch.setattr(unpacking, "_FED_BYTES", 1)
    with pytest.raises(unpacking.DamagedStreamError):
        next(unpacking.unpacked(path))


def test_two_damaged_places_cost_two_blocks_and_a_cut_the_rest(
    tmp_path: Path, members: dict[str, bytes], packed: bytes
) -> None:
    path, damaged = tmp_path / "a.tar.bz2", bytearray(packed[:-100])
    for place in (0.25, 0.6):
        damaged[int(len(packed) * place)] ^= 1
    path.write_bytes(damaged)
    found, reader = read(path)
    assert found.items() <= members.items()
    assert len(found) >= _COUNT - 33
    assert f"{_COUNT // 2}.bin" in found
    assert any("damaged blocks, 3 of " in one for one in reader.damages)


def test_blocks_of_a_sound_file_are_what_it_holds(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "a.bz2"
    twice = packed + bz2.compress(b"and more", 9)
    path.write_bytes(twice)
    pieces = list(unpacked_blocks(path))
    assert len(pieces) > 7
    assert not any(isinstance(one, Gap) for one in pieces)
    assert b"".join(one for one in pieces if isinstance(one, bytes)) == bz2.decompress(twice)


@pytest.mark.parametrize("content", [b"", b"BZ", b"BZh9", b"no bzip2", bytes(2000)])
def test_what_is_no_bzip2_has_no_blocks(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.bz2"
    path.write_bytes(content)
    assert not any(isinstance(one, bytes) for one in unpacked_blocks(path))


def test_records_behind_the_damage_are_indexed(bench: Bench, tmp_path: Path) -> None:
    from indexer.sources.archive import ArchiveSource

    filler = np.random.default_rng(1).bytes(250_000)
    whole = tar_of(("a.jpg", picture_bytes(1)), ("filler", filler), ("b.jpg", picture_bytes(2)))
    damaged = bytearray(bz2.compress(whole, 1))
    damaged[len(damaged) // 2] ^= 0xFF
    path = tmp_path / "a.tar.bz2"
    path.write_bytes(damaged)
    bench.index(ArchiveSource(path))
    assert bench.ids() == ["a.tar.bz2/a.jpg", "a.tar.bz2/b.jpg"]
    assert "which were not read" in bench.skipped()["(archive)"]
