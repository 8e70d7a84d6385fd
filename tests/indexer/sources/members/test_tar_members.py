"""Tars that are damaged, cut, or more than they seem: each bad thing costs only itself."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.errors import SourceError
from indexer.sources.archive import ArchiveSource
from indexer.sources.members import tar_bytes, tar_walk, unpacking
from indexer.sources.members.tar_members import TarReader
from tests.support import Bench, picture_bytes, tar_of

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
}  # fmt: skip
NAMES = [f"{number}.jpg" for number in range(8)]


def noise(seed: int) -> bytes:
    """Return a picture that does not shrink any more."""
    pixels = np.random.default_rng(seed).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A tar of eight pictures that do not shrink."""
    return tar_of(*((name, noise(seed)) for seed, name in enumerate(NAMES)))


def flipped(data: bytes, place: float) -> bytes:
    where = int(len(data) * place)
    return data[:where] + bytes([data[where] ^ 0xFF]) + data[where + 1 :]


def test_cut_tar_gives_what_is_there_and_takes_nothing_away(
    bench: Bench, tmp_path: Path, whole: bytes
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(whole[: whole.index(b"5.jpg") + 700])
    assert bench.index(ArchiveSource(path)).tally.added == 5
    assert bench.skipped().keys() == {"(archive)"}
    assert "it ends within 5.jpg" in bench.skipped()["(archive)"]
    path.write_bytes(whole)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.updated, tally.skipped) == (3, 5, 0)
    path.write_bytes(whole[: whole.index(b"2.jpg") + 700])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.unchanged, tally.removed, len(bench.ids())) == (2, 0, 8)


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()], ids=["plain", *PACKERS])
def test_cut_between_a_picture_and_its_sidecar_takes_nothing_from_the_record(
    bench: Bench, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    samples = ("0.jpg", noise(0)), ("0.txt", b"a red bag"), ("0.json", b'{"price": 3}')
    whole = tar_of(*samples, ("1.jpg", noise(1)))
    path = tmp_path / "a.tar"
    path.write_bytes(pack(whole))
    bench.index(ArchiveSource(path))
    late = tar_of(("new.jpg", noise(2)), *samples)
    path.write_bytes(pack(late[: late.index(b"0.txt") + 600]))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.unchanged, tally.removed) == (1, 1, 0)
    record = bench.collection.record("a.tar/0.jpg")
    assert [part.text for part in record.parts] == [None, "a red bag"]
    assert record.metadata["price"] == 3
    path.write_bytes(pack(tar_of(samples[0], ("0.txt", b"a blue bag"))))
    assert bench.index(ArchiveSource(path)).tally.updated == 1
    record = bench.collection.record("a.tar/0.jpg")
    assert record.parts[1].text == "a blue bag"
    assert "price" not in record.metadata


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_packed_tar_gives_what_lies_before_the_damage(
    bench: Bench, tmp_path: Path, whole: bytes, suffix: str
) -> None:
    path = tmp_path / f"a.tar.{suffix}"
    path.write_bytes(PACKERS[suffix](whole)[:-5000])
    added = bench.index(ArchiveSource(path)).tally.added
    assert 4 <= added < 8
    assert "it ends before its content does" in bench.skipped()["(archive)"]
    path.write_bytes(PACKERS[suffix](whole))
    assert bench.index(ArchiveSource(path)).tally.added == 8 - added
    path.write_bytes(flipped(PACKERS[suffix](whole), 0.7))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.removed, len(bench.ids())) == (0, 8)
    assert "is damaged" in bench.skipped()["(archive)"]


def test_checksums_of_gzip_are_looked_at(bench: Bench, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    packed = bytearray(gzip.compress(whole))
    packed[-6] ^= 1
    path.write_bytes(packed)
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (8, 1)
    assert "incorrect data check" in bench.skipped()["(archive)"]


def test_damaged_header_costs_one_member(bench: Bench, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar"
    place = whole.index(b"3.jpg")
    path.write_bytes(whole[:place] + b"4" + whole[place + 1 :])
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (7, 1)
    assert "header of a member is damaged (bad checksum)" in bench.skipped()["(archive)"]


def test_tars_one_behind_another_are_all_read(bench: Bench, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    other = tar_of(("more.jpg", picture_bytes(20)))
    path.write_bytes(gzip.compress(whole) + gzip.compress(other) + bytes(512))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (9, 0)


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        ("tar", b"x" * 5000),
        ("tar.gz", b"\x1f\x8bx"),
        ("tar", b"x" * 511),
        ("tar", b"x"),
        ("tar", b""),
    ],
    ids=["text", "gz", "short", "letter", "nothing"],
)
def test_what_is_no_archive_is_one_error(
    bench: Bench, tmp_path: Path, whole: bytes, suffix: str, data: bytes
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(whole)
    bench.index(ArchiveSource(path))
    path.write_bytes(data)
    with pytest.raises(SourceError, match="is damaged or no archive"):
        bench.index(ArchiveSource(path))
    assert len(bench.ids()) == len(NAMES)


def test_archive_unpacks_to_no_more_than_its_share(
    bench: Bench, tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MIN_UNPACKED_BYTES", 2 * 1024 * 1024)
    path = tmp_path / "a.tar.gz"
    bomb = tar_of(("bomb.jpg", bytes(64 * 1024 * 1024)), ("last.jpg", picture_bytes(9)))
    path.write_bytes(gzip.compress(whole + bomb))
    tally = bench.index(ArchiveSource(path)).tally
    assert tally.added >= 5
    assert "times its size or 1 GiB; if it is sound, unpack it" in bench.skipped()["(archive)"]


def test_large_members_of_a_packed_tar_are_not_held(
    bench: Bench, tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tar_walk, "_MAX_PACKED_MEMBER_BYTES", 100_000)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar_of(("a.jpg", bytes(100_001)), ("b.jpg", picture_bytes(1)))))
    tally = bench.index(ArchiveSource(path)).tally
    assert (tally.added, tally.skipped) == (1, 1)
    assert "100,001 bytes are more than the limit of 100,000" in bench.skipped()["a.jpg"]


def test_header_has_a_limit(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    pax = tarfile.TarInfo("pax")
    pax.type, pax.size = tarfile.XHDTYPE, 20 * tar_bytes.MAX_HEADER_BYTES
    header = pax.tobuf(tarfile.USTAR_FORMAT)
    path.write_bytes(gzip.compress(header + bytes(pax.size) + whole))
    reader = TarReader(path)
    assert [info.name for info in reader.members()] == NAMES
    assert "is longer than the limit of 1,048,576 bytes" in reader.damages[0]
    reader.close()


def test_negative_size_ends(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar"
    back = tarfile.TarInfo("back.jpg")
    back.size = -512
    path.write_bytes(back.tobuf(tarfile.GNU_FORMAT) + whole)
    reader = TarReader(path)
    assert [info.name for info in reader.members()] == NAMES
    reader.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_long_names_of_long_names_cost_themselves(
    bench: Bench, tmp_path: Path, whole: bytes, pack: Callable[[bytes], bytes]
) -> None:
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 2
    link = name.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
    path = tmp_path / "a.tar"
    path.write_bytes(pack(link * 3_000 + whole))
    assert bench.index(ArchiveSource(path)).tally.added == len(NAMES)
    assert "it is made of more than 20 headers" in bench.skipped()["(archive)"]


@pytest.mark.parametrize("mtime", ["inf", "-inf", "nan", "1e308"])
def test_member_of_no_time_is_a_member(
    bench: Bench, tmp_path: Path, whole: bytes, mtime: str
) -> None:
    timeless = tarfile.TarInfo("timeless.jpg")
    timeless.size, timeless.pax_headers = len(noise(9)), {"mtime": mtime}
    path = tmp_path / "a.tar"
    content = noise(9).ljust(-(-timeless.size // 512) * 512, b"\0")
    path.write_bytes(timeless.tobuf(tarfile.PAX_FORMAT) + content + whole)
    assert bench.index(ArchiveSource(path)).tally.added == 1 + len(NAMES)
    assert bench.skipped() == {}


def test_packed_members_are_read_again_when_asked_twice(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(whole))
    for seed, candidate in enumerate(ArchiveSource(path).scan("a")):
        [image] = candidate.images
        assert image.read() == image.read() == noise(seed)
