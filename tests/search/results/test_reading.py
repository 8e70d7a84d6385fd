"""A query as it was read, piece by piece."""

from binocle.metadata.filters import Comparison
from search.query.filter_language import parse_where
from search.query.query import Query, Sort, Term
from search.results.reading import ReadPiece, reading_of


def test_each_piece_says_what_it_is_and_of_what() -> None:
    query = Query(
        (
            Term(text="blue shos", corrected="blue shoes"),
            Term(text="leather", weight=-1),
            Term(record="sku-02"),
        ),
        where=parse_where("price < 60 and color in (Red, Blue) and added >= 2024-01-01"),
        sort=(Sort("price", descending=True), Sort("relevance")),
    )
    assert reading_of(query, ("blue", "shos"), 1, [("blue", ("navy", "azure"))]) == (
        ReadPiece("words", "blue shos", "blue shos"),
        ReadPiece("spelling", "shoes", "shos"),
        ReadPiece("not", "leather", "leather"),
        ReadPiece("synonym", "navy", "blue"),
        ReadPiece("synonym", "azure", "blue"),
        ReadPiece("demand", "blue", "blue", least=1),
        ReadPiece("demand", "shos", "shos", least=1),
        ReadPiece("bound", "price < 60", "price", "lt", 60),
        ReadPiece("filter", "color in (Red, Blue)", "color"),
        ReadPiece("filter", "added >= '2024-01-01'", "added"),
        ReadPiece("order", "price", "price", descending=True),
    )


def test_a_time_is_its_first_day_and_the_day_after_it() -> None:
    for span, pieces in (
        (("2024", "2025"), [(">=", "gte", "2024-01-01"), ("<", "lt", "2025-01-01")]),
        (("2024-02", "2024-03"), [(">=", "gte", "2024-02-01"), ("<", "lt", "2024-03-01")]),
        (("", "2024-02-03"), [("<", "lt", "2024-02-03")]),
        (("2024", ":"), [(">=", "gte", "2024-01-01")]),
    ):
        assert reading_of(Query((), where=Comparison("added", "during", span))) == tuple(
            ReadPiece("bound", f"added {sign} '{day}'", "added", operator, day)
            for sign, operator, day in pieces
        )


def test_what_the_model_cannot_read_is_told_apart_from_what_was_misspelt() -> None:
    part = Term(text="rote Schuhe nike", corrected="nike", is_unread=True)
    whole = Term(text="rote Schuhe", is_unread=True)
    assert [one.text for one in reading_of(Query((part,)))] == ["rote Schuhe nike", "rote Schuhe"]
    assert reading_of(Query((whole,)))[1] == ReadPiece("unread", "rote Schuhe", "rote Schuhe")
    joined = Term(text="water proof", corrected="waterproof")
    assert reading_of(Query((joined,)))[1] == ReadPiece("spelling", "waterproof", "water proof")
