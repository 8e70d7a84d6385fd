"""A collection keeps lists as files, and looks at them anew when they change."""

import os
import tracemalloc
from pathlib import Path
from threading import Thread

import pytest

from api.operations.hash_lists.kept_lists import (
    add_list,
    damages_of,
    listed_in_file,
    lists_of,
    remove_list,
)
from binocle.collection.collection import Collection
from binocle.errors import DamagedListError, NotFoundError, QueryError, StorageError, UsageError
from search.copies.hash_lists.hash_list import HashList

ONE, TWO = "0f" * 32, "a5" * 32


def test_lists_are_kept_by_name_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(f"{ONE},100,first\nwrong\n")
    with Collection(tmp_path / "known", create=True) as known:
        assert lists_of(known) == []
        assert listed_in_file(file).faults == "1 line is no hash, the first line 2"
        add_list(known, "partner", listed_in_file(file))
        add_list(known, "a.b", listed_in_file(file))
        assert [(one.name, one.hashes) for one in lists_of(known)] == [
            ("a.b", (ONE,)),
            ("partner", (ONE,)),
        ]
        file.write_text(f"{TWO}\n{ONE}\n")
        add_list(known, "partner", listed_in_file(file))
        assert lists_of(known)[1].hashes == (TWO, ONE)
        remove_list(known, "a.b")
        with pytest.raises(NotFoundError, match=r"no hash list 'a.b'; there are: partner"):
            remove_list(known, "a.b")


def test_a_bit_that_turns_where_times_stay_is_found_by_who_looks_for_damages(
    tmp_path: Path,
) -> None:
    with Collection(tmp_path / "known", create=True) as known:
        add_list(known, "partner", HashList("", (ONE,), ("",)))
        assert len(lists_of(known)) == 1
        path = known.path / "partner.hashes.csv"
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        path.write_text(path.read_text().replace("0f0f", "0f0e", 1))
        os.utime(path, ns=times)
        assert len(damages_of(known.path)) == 1
        with pytest.raises(StorageError, match="is damaged"):
            lists_of(known)


@pytest.mark.parametrize("change", ["a digit", "cut", "emptied"])
def test_a_damaged_list_is_asked_nothing_and_says_what_to_do(tmp_path: Path, change: str) -> None:
    with Collection(tmp_path / "known", create=True) as known:
        add_list(known, "partner", HashList("", (ONE, TWO), ("", "x")))
        path = known.path / "partner.hashes.csv"
        text = path.read_text()
        changed = {"a digit": text.replace("0f0f", "0f0e", 1), "cut": text[:-9], "emptied": ""}
        assert damages_of(known.path) == []
        path.write_text(changed[change])
        with pytest.raises(StorageError, match=r"'partner' of the collection 'known' is damaged"):
            lists_of(known)
        assert len(damages_of(known.path)) == 1
        add_list(known, "partner", HashList("", (ONE, TWO), ("", "x")))
        assert lists_of(known)[0].hashes == (ONE, TWO)


def test_a_folder_in_the_place_of_a_list_is_to_be_moved_away_and_other_things_go(
    tmp_path: Path,
) -> None:
    with Collection(tmp_path / "known", create=True) as known:
        (known.path / "z.hashes.csv").mkdir()
        for refused in (lambda: lists_of(known), lambda: remove_list(known, "z")):
            with pytest.raises(DamagedListError, match=r"'z\.hashes\.csv'.*move the folder away"):
                refused()
        (known.path / "z.hashes.csv").rmdir()
        os.mkfifo(known.path / "z.hashes.csv")
        with pytest.raises(DamagedListError, match="'binocle hashes remove'"):
            lists_of(known)
        remove_list(known, "z")
        assert lists_of(known) == []


def test_a_list_that_was_put_there_by_hand_has_no_checksum(tmp_path: Path) -> None:
    with Collection(tmp_path / "known", create=True) as known:
        (known.path / "own.hashes.csv").write_text(f"hash,label\n{ONE},a\n")
        assert [one.labels for one in lists_of(known)] == [("a",)]


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "x" * 65, "with space"])
def test_names_that_are_none_for_a_file_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(ONE)
    with (
        Collection(tmp_path / "known", create=True) as known,
        pytest.raises(UsageError, match="is no name for a hash list"),
    ):
        add_list(known, name, listed_in_file(file))


def test_what_is_no_list_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("nothing\n")
    with Collection(tmp_path / "known", create=True) as known:
        with pytest.raises(QueryError, match="the hash list empty has no PDQ hash"):
            add_list(known, "partner", listed_in_file(tmp_path / "empty.txt"))
        with pytest.raises(StorageError, match="cannot read the hash list"):
            add_list(known, "partner", listed_in_file(tmp_path))
        assert lists_of(known) == []


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "shared.txt"
    file.write_text(ONE)
    assert listed_in_file(file) is listed_in_file(file)
    file.write_text(f"{ONE}\n{TWO}")
    assert len(listed_in_file(file).hashes) == 2


def test_a_list_from_a_pipe_is_kept_as_it_was_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(f'{ONE},80,"seen, ""twice"""\n{TWO}\n',))
    writer.start()
    with Collection(tmp_path / "known", create=True) as known:
        add_list(known, "partner", listed_in_file(pipe))
        writer.join()
        [kept] = lists_of(known)
        assert (kept.hashes, kept.labels) == ((ONE, TWO), ('seen, "twice"', ""))


def test_a_line_of_any_length_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    with file.open("w") as lines:
        for _ in range(64):
            lines.write("0" * 1_000_000)
        lines.write(f"\n{ONE}\n")
    tracemalloc.start()
    try:
        assert listed_in_file(file).hashes == (ONE,)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_of_a_file_that_changes_only_the_last_list_is_kept(tmp_path: Path) -> None:
    file, taken = tmp_path / "shared.txt", []
    tracemalloc.start()
    try:
        for version in range(6):
            file.write_text("".join(f"{one:064x}\n" for one in range(3000 + version)))
            listed_in_file(file)
            taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert taken[-1] < 1.5 * taken[0]
