"""What of a record is words: texts, names, ids and fields, each within its row."""

from pathlib import Path

from binocle.catalog.sqlite import SqliteCatalog
from tests.support.texts_of_records import having, record


def test_phrase_does_not_run_from_one_text_into_the_next(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")
    with database.writing() as session:
        session.records.upsert([record("a", ["a red", "kite flies"])])
    with database.reading() as session:
        assert having(session, "kite", "flies") == [1]
        assert having(session, "red", "kite") == []
    database.close()


def test_file_names_ids_and_fields_are_words_and_numbers_are_not(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")
    new = record(
        "shop/AB-77",
        [],
        uri="/pictures/2024/RedBalloon_atNight.jpg",
        keywords=["sunset", "beach walk"],
        price=1234,
        sku=998877,
        url="https://example.com/secret",
        taken_at="2024-05-06T10:00:00",
    )
    with database.writing() as session:
        session.records.upsert([new])
    with database.reading() as session:
        for word in ("balloon", "night", "ab77", "sunset", "walk", "998877"):
            assert having(session, word) == [1], word
        for word in ("jpg", "pictures", "1234", "example", "2024"):
            assert having(session, word) == [], word
    database.close()


def test_markup_is_no_word(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")
    new = record("a", ["<p>Red <b>shirt</b> &amp; tie</p>"], body="<p>soft<br>cotton</p>")
    with database.writing() as session:
        session.records.upsert([new])
    with database.reading() as session:
        for word in ("red", "shirt", "tie", "soft", "cotton"):
            assert having(session, word) == [1], word
        for word in ("p", "b", "amp", "br"):
            assert having(session, word) == [], word
    database.close()


def test_record_with_very_many_texts_keeps_them_all(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")
    many = [f"caption word{number}" for number in range(200)]
    with database.writing() as session:
        session.records.upsert([record("a", many)])
    with database.reading() as session:
        assert having(session, "word199") == [1]
        assert having(session, "word5") == [1]
    database.close()


def test_photo_with_a_camera_has_no_texts_and_one_with_keywords_has(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")
    for new, expected in (
        (record("a", [], uri="/d/sunset.jpg", camera="Canon EOS R5"), False),
        (record("b", [], keywords=["beach"]), True),
    ):
        with database.writing() as session:
            session.records.upsert([new])
        with database.reading() as session:
            assert session.words.has_texts() is expected
            assert having(session, "canon") == [1]
    database.close()
