"""A backup that is damaged is refused."""

from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import check_backup, restore
from binocle.errors import StorageError
from tests.support.sound_collection import NAME, opened


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
def test_damaged_backup_is_refused_and_leaves_nothing(home: Path, tmp_path: Path, to: str) -> None:
    back_up(opened(home), [NAME], tmp_path / to)
    if to == "backup":
        victim = next(iter((tmp_path / to / "files").glob("??/*")))
        victim.write_bytes(victim.read_bytes()[:-1] + b"\0")
    else:
        data = bytearray((tmp_path / to).read_bytes())
        del data[len(data) // 2 :]
        (tmp_path / to).write_bytes(data)
    with pytest.raises(StorageError):
        restore(opened(tmp_path / "other"), tmp_path / to, [])
    assert list((tmp_path / "other" / "collections").iterdir() if to == "backup" else []) == []


def test_file_of_a_backup_that_cannot_be_read_is_told_as_one_of_it(
    home: Path, tmp_path: Path
) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    failing, folder = sorted((tmp_path / "backup" / "files").glob("??/*"))[:2]
    for path in (failing, folder):
        path.unlink()
    failing.symlink_to("/proc/self/mem")  # can be opened, and fails to be read
    folder.mkdir()
    problems = check_backup(tmp_path / "backup")[1]
    assert ["cannot be read" in one for one in problems] == [True, True]
    with pytest.raises(StorageError, match="nothing was put back: 2 of"):
        restore(opened(tmp_path / "other"), tmp_path / "backup", [])
