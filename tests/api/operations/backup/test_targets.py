"""A folder takes what is new, and nothing takes the place of something else."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import check_backup
from binocle.errors import UsageError
from tests.support.service import running
from tests.support.sound_collection import NAME, bodies, opened, uploads_of

KILLED = """
import os, sys
from pathlib import Path
from api.operations.backup import backing_up
from tests.support.sound_collection import NAME, opened

backing_up._Copying._copy_uploads = lambda *_: os._exit(9)
backing_up.back_up(opened(Path(sys.argv[1])), [NAME], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("to", ["backup", "backup.tar.zst"])
def test_backup_that_was_killed_is_repeated(home: Path, tmp_path: Path, to: str) -> None:
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED, home, tmp_path / to], check=False)
        assert killed.returncode == 9
    assert back_up(opened(home), [NAME], tmp_path / to).problems == []
    assert check_backup(tmp_path / to)[1] == []
    if (tmp_path / to).is_dir():
        assert not list((tmp_path / to).glob("*.tmp"))


def test_repeated_backup_copies_only_what_is_new(home: Path, tmp_path: Path) -> None:
    back_up(opened(home), [NAME], tmp_path / "backup")
    with running(home) as service:
        service.client().store(NAME, bodies(50, 1))
        service.client().delete(NAME, "g0")
    before = {path.name: path.stat().st_ino for path in uploads_of(home)}
    report = back_up(opened(home), [NAME], tmp_path / "backup")
    assert report.copied == 2  # the catalogue and one upload
    kept = {path.name for path in (tmp_path / "backup" / "files").glob("??/*")}
    assert before.keys() < kept
    assert check_backup(tmp_path / "backup")[1] == []
    assert back_up(opened(home), [NAME], tmp_path / "backup").copied == 0


def test_nothing_takes_the_place_of_something_else(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"letter\.txt"):
        back_up(opened(home), [NAME], tmp_path / "mine")
    with pytest.raises(UsageError):
        back_up(opened(home), [NAME], home / "collections" / "x")
    (tmp_path / "mine.tar.zst").write_text("dear")
    with pytest.raises(UsageError):
        back_up(opened(home), [NAME], tmp_path / "mine.tar.zst")
