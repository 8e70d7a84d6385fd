"""Rules in versions: what every catalogue does with them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from binocle.catalog.base import Catalog
from binocle.catalog.sqlite import SqliteCatalog

MOST = 3


def test_versions_are_numbered_and_the_oldest_go(catalog: Catalog) -> None:
    with catalog.reading() as session:
        assert session.rules.newest() == 0
        assert session.rules.get(1) is None
    for number in range(1, 6):
        with catalog.writing() as session:
            stored = session.rules.publish(f'{{"n": {number}}}', f"note {number}", most=MOST)
        assert stored.version == number
    with catalog.reading() as session:
        assert session.rules.newest() == 5
        assert [one.version for one in session.rules.versions()] == [5, 4, 3]
        found = session.rules.get(4)
        assert found is not None
        assert (found.document, found.note, found.is_whole) == ('{"n": 4}', "note 4", True)


def test_publishing_is_a_change_and_a_draft_is_none(catalog: Catalog) -> None:
    with catalog.writing() as session:
        session.rules.put_draft("{}")
        assert session.history.change() == 0
        session.rules.publish("{}", "", most=MOST)
        assert session.history.change() == 1


def test_draft_is_no_version_and_outlives_none(catalog: Catalog) -> None:
    with catalog.writing() as session:
        session.rules.put_draft('{"a": 1}')
        session.rules.put_draft('{"a": 2}')
    with catalog.reading() as session:
        draft = session.rules.get(0)
        assert draft is not None
        assert draft.document == '{"a": 2}'
        assert session.rules.versions() == []
        assert session.rules.newest() == 0
    with catalog.writing() as session:
        session.rules.remove_draft()
        assert session.rules.get(0) is None


def test_catalogue_from_before_rules_gets_them_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(SqliteCatalog(path)) as opened, opened.writing() as session:
        session.history.next_change()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DROP TABLE rules")
        file.execute("UPDATE meta SET value = '4' WHERE key = 'additions'")
    with closing(SqliteCatalog(path)) as opened:
        with opened.writing() as session:
            session.rules.publish("{}", "", most=MOST)
        with opened.reading() as session:
            assert session.rules.newest() == 1
