"""How a query was read, piece by piece, so that each can be taken out or changed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from binocle.metadata.dates import AFTER_ALL, BEFORE_ALL
from binocle.metadata.filters import And, Comparison, Filter, Operator
from binocle.types import Scalar
from search.query.query import RELEVANCE, Query, Term
from search.query.summary import filter_as_typed

PieceKind: TypeAlias = Literal[
    "words", "not", "spelling", "unread", "synonym", "demand", "bound", "filter", "order"
]
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_BOUNDS = ("lt", "lte", "gt", "gte")


@dataclass(frozen=True, slots=True)
class ReadPiece:
    """One thing that a query was read as.

    Attributes:
        kind: ``words`` are looked for, ``not`` kept away from; ``spelling`` is what ``of`` was
            taken for, ``unread`` what the model cannot read of ``of``, ``synonym`` what counts as
            ``of`` too, ``demand`` a word that what is relevant must have; ``bound`` is one of a
            field, ``filter`` any other clause; ``order`` is a field hits are sorted by.
        text: What it is, as people type it.
        of: What of the query it is about: words as they were typed, or a field.
        operator: Of a bound: ``lt``, ``lte``, ``gt`` or ``gte``.
        value: Of a bound: a number, or of a time a day in ISO 8601.
        least: Of a demand: how many of all words demanded what is relevant has.
        descending: Of an order.
    """

    kind: PieceKind
    text: str
    of: str = ""
    operator: str | None = None
    value: Scalar | None = None
    least: int | None = None
    descending: bool = False


def reading_of(
    query: Query,
    demanded: Sequence[str] = (),
    spare: int = 0,
    synonyms: Sequence[tuple[str, Sequence[str]]] = (),
) -> tuple[ReadPiece, ...]:
    """Return what a query was read as; pictures, records and vectors are no part of it.

    Args:
        query: As it was read, its terms embedded.
        demanded: Words that what is relevant must have, where that is not all.
        spare: How many of these may lack.
        synonyms: Words of it, and what counts as them as well.
    """
    least = len(demanded) - spare
    return (
        *(piece for term in query.terms for piece in _of_term(term)),
        *(ReadPiece("synonym", one, of) for of, several in synonyms for one in several),
        *(ReadPiece("demand", word, word, least=least) for word in demanded),
        *(piece for clause in _clauses(query.where) for piece in _of_clause(clause)),
        *(
            ReadPiece("order", one.field, one.field, descending=one.descending)
            for one in query.sort
            if one.field != RELEVANCE
        ),
    )


def _of_term(term: Term) -> Iterator[ReadPiece]:
    if term.text is None:
        return
    text = term.text.strip()
    yield ReadPiece("words" if term.weight > 0 else "not", text, text)
    if term.is_unread:
        yield ReadPiece("unread", _without(text, term.corrected), text)
    elif term.corrected:
        for typed, meant in _respelt(text, term.corrected.strip()):
            yield ReadPiece("spelling", meant, typed)


def _respelt(typed: str, meant: str) -> list[tuple[str, str]]:
    """Return the words that were taken for others, each with what for."""
    before, after = _WORD.findall(typed), _WORD.findall(meant)
    if len(before) != len(after):
        return [(typed, meant)]
    pairs = zip(before, after, strict=True)
    return [(one, other) for one, other in dict.fromkeys(pairs) if one != other]


def _without(text: str, readable: str) -> str:
    return " ".join(text.replace(readable.strip(), " ").split()) if readable else text


def _clauses(where: Filter | None) -> tuple[Filter, ...]:
    if isinstance(where, And):
        return tuple(one for clause in where.clauses for one in _clauses(clause))
    return () if where is None else (where,)


def _of_clause(clause: Filter) -> Iterator[ReadPiece]:
    text = filter_as_typed(clause)
    if not isinstance(clause, Comparison):
        yield ReadPiece("filter", text)
    elif clause.operator in _BOUNDS and isinstance(clause.value, int | float):
        yield ReadPiece("bound", text, clause.field, clause.operator, clause.value)
    elif clause.operator == "during" and isinstance(clause.value, tuple):
        yield from _of_time(clause.field, *map(str, clause.value))
    else:
        yield ReadPiece("filter", text, clause.field)


def _of_time(field: str, start: str, end: str) -> Iterator[ReadPiece]:
    """Yield the bounds of a time, each a day."""
    bounds: tuple[tuple[Operator, str, str], ...] = (
        ("gte", start, BEFORE_ALL),
        ("lt", end, AFTER_ALL),
    )
    for operator, value, nothing in bounds:
        if value != nothing:
            day = f"{value}-01-01"[:10] if len(value) == 4 else f"{value}-01"[:10]
            text = filter_as_typed(Comparison(field, operator, day))
            yield ReadPiece("bound", text, field, operator, day)
