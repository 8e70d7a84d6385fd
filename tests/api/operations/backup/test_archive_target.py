"""An archive takes the place of one that is no better only."""

from pathlib import Path

from api.operations.backup.backing_up import back_up
from api.operations.backup.restoring import restore
from tests.support.sound_collection import NAME, opened, uploads_of


def test_archive_that_lacks_something_does_not_replace_the_last_that_did_not(
    home: Path, tmp_path: Path
) -> None:
    to, before = tmp_path / "goods.tar.zst", tmp_path / "goods.tar.zst.before"
    upload = uploads_of(home)[0]
    assert back_up(opened(home), [NAME], to).problems == []
    whole, content = to.read_bytes(), upload.read_bytes()
    upload.unlink()
    assert [str(before) in one for one in back_up(opened(home), [NAME], to).problems] == [
        False, True,
    ]  # fmt: skip
    assert len(back_up(opened(home), [NAME], to).problems) == 1
    assert before.read_bytes() == whole != to.read_bytes()
    assert restore(opened(tmp_path / "other"), before, [])[0].missing == ()
    upload.write_bytes(content)
    assert back_up(opened(home), [NAME], to).problems == []
    assert not before.exists()
