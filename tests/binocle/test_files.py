"""A file that is written is there whole or not at all."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from binocle.files import make_folder, read_regular, replacing, sync_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.json"]


def test_failure_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with replacing(path, mode=0o600) as file:
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600
    assert path.stat().st_mode & 0o777 == 0o600


def test_file_is_synchronised_before_it_takes_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    path = tmp_path / "a"
    monkeypatch.setattr("binocle.files.os.fsync", lambda _: seen.append(path.exists()))
    with replacing(path) as file:
        file.write(b"x")
    assert seen == [False, True], "the file, then its name"
    with replacing(path, durable=False) as file:
        file.write(b"y")
    assert seen == [False, True]
    sync_folder(tmp_path)
    assert seen == [False, True, True]


def test_folders_are_made_with_their_names_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("binocle.files.sync_folder", synced.append)
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert set(synced) == {tmp_path, tmp_path / "a"}
    make_folder(tmp_path / "a" / "b")
    assert len(synced) == 2


def test_folder_whose_name_is_not_on_disk_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("binocle.files.os.fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            make_folder(tmp_path / "a" / "b")
    synced: list[Path] = []
    monkeypatch.setattr("binocle.files.sync_folder", synced.append)
    make_folder(tmp_path / "a" / "b")
    assert set(synced) == {tmp_path, tmp_path / "a"}


def test_of_many_that_keep_the_first_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "key"
    together = threading.Barrier(8)

    def write(number: int) -> bytes:
        with replacing(path, keep=True) as file:
            file.write(bytes([number] * 100))
            together.wait()
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(write, range(8)))
    assert len(found) == 1
    assert names(tmp_path) == ["key"]


def test_draft_lies_where_it_is_told_to(tmp_path: Path) -> None:
    path, draft = tmp_path / "a", tmp_path / "a.part"
    with replacing(path, draft=draft) as file:
        file.write(b"x")
        assert names(tmp_path) == ["a.part"]
    assert names(tmp_path) == ["a"]


def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "gone" / "a"):
        raise AssertionError("nothing can be written")


def test_regular_files_are_read_and_nothing_else(tmp_path: Path) -> None:
    path, pipe = tmp_path / "a", tmp_path / "pipe"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(pipe)
    assert read_regular(path) == read_regular(tmp_path / "link", 5) == b"12345"
    for other in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="it is not a regular file"):
            read_regular(other)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "b")
    with pytest.raises(OSError, match="null byte"):
        read_regular("a\0b")
    with pytest.raises(OSError, match="its 5 bytes are more than the limit of 4; raise it with"):
        read_regular(path, 4)
