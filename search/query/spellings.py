"""Filters on fields of which capitals do not count: a value stands for each way it is written."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TypeAlias

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Or, comparisons_in, fold
from search.query.warnings import check_times

_ByFold: TypeAlias = Callable[[str], Mapping[str, Sequence[str]]]
_READ = ("eq", "ne", "in", "prefix")


def checked_filter(collection: Collection, where: Filter | None) -> Filter | None:
    """Return a filter as it is meant: of fields of the type ``anycase`` in all spellings there are.

    Raises:
        FilterError: As for ``check_times``.
    """
    check_times(collection, where)
    comparisons = list(comparisons_in(where))
    if where is None or not any(one.operator in _READ for one in comparisons):
        return where
    with collection.reading() as session:
        declared = session.fields.declared()
        fields = frozenset(one for one, kind in declared.items() if kind == "anycase")
        return _meant(where, fields, cache(partial(_by_fold, session))) if fields else where


def _by_fold(session: CatalogReader, field: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in session.fields.texts(field):
        found.setdefault(fold(text), []).append(text)
    return found


def _meant(where: Filter, fields: frozenset[str], by_fold: _ByFold) -> Filter:
    match where:
        case And(clauses):
            return And(tuple(_meant(clause, fields, by_fold) for clause in clauses))
        case Or(clauses):
            return Or(tuple(_meant(clause, fields, by_fold) for clause in clauses))
        case Not(clause):
            return Not(_meant(clause, fields, by_fold))
        case Comparison(field, "prefix", str(begin)) if field in fields:
            ways = by_fold(field).items()
            every = [
                one for folded, several in ways if folded.startswith(fold(begin)) for one in several
            ]
            return Comparison(field, "in", tuple(every))
        case Comparison(field, "eq" | "ne" | "in" as operator, value) if field in fields:
            values = value if isinstance(value, tuple) else (value,)
            said = [str(one) for one in values if not isinstance(one, Near)]
            every = [one for text in said for one in (text, *by_fold(field).get(fold(text), ()))]
            meant = Comparison(field, "in", tuple(dict.fromkeys(every)))
            return Not(meant) if operator == "ne" else meant
        case _:
            return where
