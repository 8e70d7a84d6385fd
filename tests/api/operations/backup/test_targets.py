"""A folder takes what is new, and nothing takes the place of something else."""

from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import check_backup
from binocle.errors import UsageError
from tests.support.service import running
from tests.support.sound_collection import NAME, bodies, opened, uploads_of


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
