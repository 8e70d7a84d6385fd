"""A switch to another model that is killed loses nothing, whatever is repaired afterwards."""

import os
from pathlib import Path

import pytest

from api.operations.doctor.examination import Diagnosis, examine
from api.operations.doctor.repair import planned, repair
from binocle.collection.collection import Collection
from binocle.collection.workplace import REEMBEDDING, RESTORING, workplace
from tests.support.command_line import CommandLine
from tests.support.damages import aside, damages, write
from tests.support.sound_collection import NAME, opened, uploads_of

_RENAMES = 7  # five things that go over, and two folders
_SWITCH = """
import os, sys
from pathlib import Path
from binocle.catalog.catalog_file import copy_catalog
from binocle.collection.workplace import REEMBEDDING, place_for_new, switch, workplace

collection, left = Path(sys.argv[1]), int(sys.argv[2])
rename = Path.rename

def renamed(path, target):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    return rename(path, target)

with workplace(collection.parent, REEMBEDDING) as place:
    new = place_for_new(place, collection.name)
    new.mkdir()
    copy_catalog(collection / "catalog.sqlite", new / "catalog.sqlite")
    Path.rename = renamed
    switch(place, collection.name)
    os._exit(9)
"""


def kill_a_switch(warm: CommandLine, folder: Path, renames: int) -> None:
    write("originals/ab/readme")(folder)
    aside_upload = uploads_of(folder.parents[1])[0]
    aside(aside_upload)
    assert warm.run_code(_SWITCH, folder, renames) == 9


def left(home: Path) -> list[str]:
    return [one.name for one in (home / "collections").iterdir() if one.name != NAME]


def of_home(home: Path) -> Diagnosis:
    return examine(opened(home), [])[0]


def repair_home(home: Path) -> Diagnosis:
    found = of_home(home)
    assert "leftovers" in {one.check for one in found.findings}
    repair(found, planned(found))
    return of_home(home)


@pytest.mark.parametrize("renames", range(_RENAMES + 1))
def test_killed_switch_is_undone_by_a_repair(
    warm: CommandLine, home: Path, folder: Path, renames: int
) -> None:
    count = len(uploads_of(home))
    kill_a_switch(warm, folder, renames)
    assert repair_home(home).is_sound
    assert left(home) == []
    (found,) = examine(opened(home), [])[1:]
    repair(found, planned(found))  # the upload in quarantine, and what is of no record
    assert damages(folder) == []
    assert len(uploads_of(home)) == count
    assert (folder / "signing.key").exists()
    with Collection(folder) as collection, collection.reading() as session:
        assert session.records.count() > 10


def test_uploads_that_came_after_the_kill_stay_beside_those_put_back(
    warm: CommandLine, home: Path, folder: Path
) -> None:
    before = {one.name for one in uploads_of(home)}
    kill_a_switch(warm, folder, _RENAMES - 2)
    write(f"uploads/ab/{'ab' * 32}")(folder)
    assert repair_home(home).is_sound
    after = {one.name for one in (folder / "uploads").glob("??/*")}
    assert len(after) == len(before)  # one lies in quarantine, and one came
    assert "ab" * 32 in after


@pytest.mark.parametrize("renames", [_RENAMES - 2, _RENAMES - 1])
def test_what_has_no_collection_to_go_back_to_stays(
    warm: CommandLine, home: Path, folder: Path, renames: int
) -> None:
    kill_a_switch(warm, folder, renames)
    if folder.exists():
        folder.rename(home / "elsewhere")
    else:
        Collection(folder, create=True).close()
    (name,) = left(home)
    kept = sorted((home / "collections" / name).rglob("*"))
    found = repair_home(home)
    assert not found.is_sound
    assert sorted((home / "collections" / name).rglob("*")) == kept


@pytest.mark.parametrize("prefix", [REEMBEDDING, RESTORING])
def test_workplace_in_use_is_left_alone_however_old(home: Path, prefix: str) -> None:
    with workplace(home / "collections", prefix) as place:
        os.utime(place, (0, 0))
        assert of_home(home).is_sound
    assert left(home) == []
