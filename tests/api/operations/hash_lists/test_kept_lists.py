"""A collection keeps lists as files, and looks at them anew when they change."""

from pathlib import Path

import pytest

from api.operations.hash_lists.kept_lists import add_list, listed_in_file, lists_of, remove_list
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, QueryError, StorageError, UsageError

ONE, TWO = "0f" * 32, "a5" * 32


def test_lists_are_kept_by_name_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(f"{ONE},100,first\nwrong\n")
    with Collection(tmp_path / "known", create=True) as known:
        assert lists_of(known) == []
        assert add_list(known, "partner", file).faults == "1 line is no hash, the first line 2"
        add_list(known, "a.b", file)
        assert [(one.name, one.hashes) for one in lists_of(known)] == [
            ("a.b", (ONE,)),
            ("partner", (ONE,)),
        ]
        file.write_text(f"{TWO}\n{ONE}\n")
        add_list(known, "partner", file)
        assert lists_of(known)[1].hashes == (TWO, ONE)
        remove_list(known, "a.b")
        with pytest.raises(NotFoundError, match=r"no hash list 'a.b'; there are: partner"):
            remove_list(known, "a.b")


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "x" * 65, "with space"])
def test_names_that_are_none_for_a_file_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(ONE)
    with (
        Collection(tmp_path / "known", create=True) as known,
        pytest.raises(UsageError, match="is no name for a hash list"),
    ):
        add_list(known, name, file)


def test_what_is_no_list_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("nothing\n")
    with Collection(tmp_path / "known", create=True) as known:
        with pytest.raises(QueryError, match="the hash list empty has no PDQ hash"):
            add_list(known, "partner", tmp_path / "empty.txt")
        with pytest.raises(StorageError, match="cannot read the hash list"):
            add_list(known, "partner", tmp_path)
        assert lists_of(known) == []


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(ONE)
    assert listed_in_file(file) is listed_in_file(file)
    file.write_text(f"{ONE}\n{TWO}")
    assert len(listed_in_file(file).hashes) == 2
