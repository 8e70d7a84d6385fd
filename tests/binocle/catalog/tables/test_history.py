"""Changes are counted, and each has a token."""

from contextlib import closing
from pathlib import Path

import pytest

from binocle.catalog.base import Catalog
from binocle.catalog.sqlite import SqliteCatalog
from binocle.errors import StorageError
from tests.support.catalog_records import put, record, text


def test_each_change_has_a_number_and_a_token_of_its_own(catalog: Catalog) -> None:
    with catalog.reading() as session:
        assert (session.history.change(), session.history.newest_part()) == (0, 0)
        assert session.history.changed_at() is None
    tokens = set()
    for turn in range(1, 4):
        put(catalog, record(f"r{turn}"))
        with catalog.reading() as session:
            assert session.history.change() == turn
            assert session.history.changed_at() is not None
            tokens.add(session.history.token(turn))
            assert session.history.token(turn + 1) is None
    assert len(tokens) == 3


def test_a_damaged_counter_is_told_as_damage(tmp_path: Path) -> None:
    with closing(SqliteCatalog(tmp_path / "catalog.sqlite")) as opened:
        with opened.writing() as session:
            session.meta.put("likenesses_filled", "x")
        with (
            opened.reading() as session,
            pytest.raises(StorageError, match="damaged: its counter likenesses_filled is 'x'"),
        ):
            session.fingerprints.times_filled()


def test_numbers_are_handed_out_once_and_removals_are_remembered(tmp_path: Path) -> None:
    with closing(SqliteCatalog(tmp_path / "catalog.sqlite")) as opened:
        put(opened, record("a", text("one"), text("two")), record("b", text("three")))
        put(opened, record("a", text("two")))
        with opened.writing() as session:
            session.records.remove(["b"])
            assert list(session.history.hand_out("next_part_id", 2)) == [4, 5]
            assert list(session.history.hand_out("next_part_id", 1)) == [6]
        with opened.reading() as session:
            assert session.history.change() == 3
            removed = [session.history.removed_parts(after).tolist() for after in (0, 2, 3)]
            assert removed == [[1, 3], [3], []]
            assert session.history.removals_known_after() == 0
