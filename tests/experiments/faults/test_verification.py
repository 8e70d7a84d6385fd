"""Whoever breaks a promise is found out."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from experiments.faults.promises import Promises
from experiments.faults.verification import broken_promises
from experiments.faults.visitor import Visitor
from experiments.faults.warm import WarmProgram, serving

pytestmark = pytest.mark.slow


def test_lost_records_and_pictures_are_told(program: WarmProgram, tmp_path: Path) -> None:
    promises = Promises()
    with serving(program, tmp_path / "home") as served:
        assert served.is_ready()
        visitor = Visitor(served.url, promises, random.Random(1))
        visitor.make_collection()
        while promises.acknowledged < 12:
            visitor.step()
        visitor.close()
    assert broken_promises(program, tmp_path / "home", promises) == []
    folder = tmp_path / "home" / "collections" / "c"
    uploads = sorted((folder / "uploads").glob("*/*"))
    uploads[0].unlink()
    (told,) = {one[3:] for one in broken_promises(program, tmp_path / "home", promises)[:1]}
    assert "picture=-" in told
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        database.execute("DELETE FROM vectors WHERE part_id = (SELECT max(part_id) FROM vectors)")
        database.execute("UPDATE records SET metadata = '{\"v\": -1}'")
    told = "\n".join(broken_promises(program, tmp_path / "home", promises))
    assert "is Content(version=-1" in told
    assert "1 parts have no vector" in told
    shutil.rmtree(folder)
    (told,) = broken_promises(program, tmp_path / "home", promises)
    assert "the catalogue is gone" in told
