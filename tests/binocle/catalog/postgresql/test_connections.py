"""Connections to PostgreSQL: texts that it refuses, errors in our words, a new start."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from binocle.catalog.postgresql.catalog import PostgresCatalog
from binocle.catalog.postgresql.connections import escaped, unescaped
from binocle.errors import StorageError, UsageError
from binocle.metadata.filters import Comparison
from experiments.engines.local_server import STRANGER
from tests.support.catalog_records import keys, put, record, text
from tests.support.postgres_server import PostgresServer

TEXTS = st.text(st.sampled_from("\0\1\2\3ab"), max_size=6)


@given(one=TEXTS, other=TEXTS)
def test_escaped_texts_come_back_and_keep_their_order(one: str, other: str) -> None:
    assert "\0" not in escaped(one)
    assert unescaped(escaped(one)) == one
    assert (escaped(one) < escaped(other)) == (one < other)
    assert escaped(one + other) == escaped(one) + escaped(other)


@pytest.mark.slow
def test_nul_characters_are_kept_and_found(
    postgres: Callable[[Path], PostgresCatalog], tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as catalog:
        put(catalog, record("a\0b", text("red\0kite"), tag="x\0y"), record("c", tag="x\1y"))
        with catalog.reading() as session:
            assert session.records.number_of("a\0b") == 1
            assert session.parts.of_records([1])[1][0].text == "red\0kite"
            for where, found in (
                (Comparison("tag", "eq", "x\0y"), [1]),
                (Comparison("tag", "prefix", "x\0"), [1]),
                (Comparison("tag", "contains", "\1"), [2]),
            ):
                assert session.records.matching(where).tolist() == found, where


@pytest.mark.slow
def test_half_a_character_is_refused_in_words(
    postgres: Callable[[Path], PostgresCatalog], tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as catalog:
        with pytest.raises(UsageError, match="half a character"):
            put(catalog, record("a\ud800"))
        put(catalog, record("b"))
        with catalog.reading() as session:
            assert keys(session) == ["b"]


@pytest.mark.slow
def test_wrong_password_is_told_and_not_shown(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "correct-horse")
    address = sa.make_url(server.address_of(STRANGER))
    with pytest.raises(StorageError, match="PGPASSWORD") as caught:
        PostgresCatalog(address, "strangers")
    assert STRANGER in str(caught.value)
    assert "correct-horse" not in str(caught.value)


@pytest.mark.slow
def test_missing_database_is_told(server: PostgresServer) -> None:
    address = sa.make_url(server.address).set(database="nothing")
    with pytest.raises(StorageError, match="createdb"):
        PostgresCatalog(address, "nowhere")


@pytest.mark.slow
def test_server_that_was_gone_is_used_again(
    server: PostgresServer, postgres: Callable[[Path], PostgresCatalog], tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as catalog:
        put(catalog, record("a"))
        server.stop()
        try:
            with pytest.raises(StorageError, match="cannot be reached"), catalog.reading():
                pass
            with pytest.raises(StorageError, match="cannot be reached"):
                put(catalog, record("b"))
        finally:
            server.start()
        put(catalog, record("c"))
        with catalog.reading() as session:
            assert keys(session) == ["a", "c"]
