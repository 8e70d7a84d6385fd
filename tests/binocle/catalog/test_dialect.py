"""Statements of SQLite are compiled once, however many catalogues a process has open."""

import sqlite3
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import CacheStats

from binocle.catalog.dialect import sqlite_engine


def test_a_second_catalogue_compiles_nothing_anew(tmp_path: Path) -> None:
    table = sa.Table("things", sa.MetaData(), sa.Column("name", sa.String))
    hits = []
    for name in ("one", "other"):
        connect = partial(sqlite3.connect, tmp_path / name, check_same_thread=False)
        engine = sqlite_engine(connect, pool_size=1, max_overflow=0)
        with engine.begin() as connection:
            table.create(connection)
            connection.execute(table.insert(), {"name": name})
            found = connection.execute(sa.select(table).where(table.c.name == name))
            hits.append(found.context.cache_hit)
            assert found.scalars().all() == [name]
        engine.dispose()
    assert hits == [CacheStats.CACHE_MISS, CacheStats.CACHE_HIT]
