"""A folder takes what is new, and nothing takes the place of something else."""

from pathlib import Path

import pytest

from api.operations.backup import targets
from api.operations.backup.backing_up import back_up
from api.operations.backup.manifest import FILES
from api.operations.backup.restoring import check_backup, restore
from binocle.errors import UsageError
from tests.support.command_line import CommandLine
from tests.support.damages import flip
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
def test_backup_that_was_killed_is_repeated(
    warm: CommandLine, home: Path, tmp_path: Path, to: str
) -> None:
    for _ in range(2):
        assert warm.run_code(KILLED, home, tmp_path / to) == 9
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


def files_of(backup: Path) -> list[Path]:
    return sorted((backup / FILES).glob("??/*"))


def test_damaged_file_of_a_backup_is_written_anew(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "backup"
    count = back_up(opened(home), [NAME], to).files
    for path in files_of(to):
        flip(path)
    assert len(check_backup(to)[1]) == count
    report = back_up(opened(home), [NAME], to, verify=True)
    assert (report.mended, report.copied, report.problems) == (count, count, [])
    assert check_backup(to)[1] == []
    assert back_up(opened(home), [NAME], to, verify=True).copied == 0


def test_each_file_of_a_backup_has_its_turn_to_be_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "backup"
    count = back_up(opened(home), [NAME], to).files
    for path in files_of(to):
        flip(path)
    mended = []
    for day in range(1, 18):
        monkeypatch.setattr(targets, "_today", lambda day=day: 7 * day)
        mended.append(back_up(opened(home), [NAME], to).mended)
    assert sum(mended) == count
    assert 1 <= mended[0] < count, "what is not read that day"
    assert check_backup(to)[1] == []


def test_damaged_file_that_nobody_has_is_told_and_stays_beside(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "backup"
    back_up(opened(home), [NAME], to)
    lost = uploads_of(home)[0]
    (copy,) = [path for path in files_of(to) if path.name == lost.name]
    lost.unlink()
    report = back_up(opened(home), [NAME], to, verify=True)
    assert [lost.name in one for one in report.problems] == [True]
    assert "only the backup has it" in report.problems[0]
    (restored,) = restore(opened(tmp_path / "first"), to, [])
    assert restored.missing == ()
    flip(copy)
    report = back_up(opened(home), [NAME], to, verify=True)
    assert [lost.name in one for one in report.problems] == [True, True]
    assert copy.with_suffix(".damaged").exists()
    (restored,) = restore(opened(tmp_path / "second"), to, [])
    assert len(restored.missing) == 1


def test_damage_of_what_is_not_backed_up_now_is_told(home: Path, tmp_path: Path) -> None:
    to = tmp_path / "backup"
    back_up(opened(home), [NAME], to)
    (home / "collections" / NAME).rename(home / "elsewhere")
    (home / "keys.json").write_text("{}")
    flip(damaged := files_of(to)[0])
    report = back_up(opened(home), [], to, with_keys=True, verify=True)
    assert [damaged.name in one for one in report.problems] == [True]
    assert damaged.exists()
