"""What the contract of full-text indices does not say of PostgreSQL's."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from binocle.catalog import dialect
from binocle.catalog.postgresql.catalog import PostgresCatalog
from binocle.catalog.text_rows import RECORD_SHIFT
from tests.support.catalog_records import put, record, text

pytestmark = pytest.mark.slow


def test_phrase_behind_more_words_than_a_tsvector_has_places_for(
    postgres: Callable[[Path], PostgresCatalog], tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as catalog:
        put(catalog, record("a", text("go " * 600 + "kite go")), record("b", text("go " * 600)))
        with catalog.reading() as session:
            rows = session.words.rows_with([["kite", "go"]]).tolist()
            assert [one >> RECORD_SHIFT for one in rows] == [1]


def test_words_of_another_version_are_read_in_anew(
    postgres: Callable[[Path], PostgresCatalog], tmp_path: Path
) -> None:
    with closing(postgres(tmp_path)) as catalog:
        put(catalog, record("a", text("red kite")))
        with catalog.writing() as session:
            session.meta.put("words", 1)
            dialect.run(session.connection, "DELETE FROM words")
    with closing(postgres(tmp_path)) as catalog, catalog.reading() as session:
        assert len(session.words.rows_with([["red", "kite"]])) == 1
        assert session.words.known(["kite"]) == {"kite"}
