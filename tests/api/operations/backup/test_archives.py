"""A backup that is damaged is refused."""

from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import restore
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
