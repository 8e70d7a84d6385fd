"""Filters over metadata: the tree, its JSON form, and what it means for one record.

A comparison looks at one field. A field that holds a list matches when any element does; a
comparison with a record that lacks the field is false, except ``ne``, which is everywhere the
opposite of ``eq``. Numbers compare with numbers (true and false count as 1 and 0) and strings
with strings, by code point; a date is a string in ISO 8601 and so sorts in time.

``matches`` is the definition; ``catalog.conditions`` computes the same in SQL.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from binocle.errors import FilterError
from binocle.types import Metadata, Scalar

Operator: TypeAlias = Literal["eq", "ne", "in", "lt", "lte", "gt", "gte", "exists", "prefix"]
OPERATORS: tuple[str, ...] = get_args(Operator)
MAX_DEPTH = 20
MAX_COMPARISONS = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field compared with a value.

    Attributes:
        field: A metadata field; ``id`` and ``uri`` are the record's own.
        operator: What to compare.
        value: A scalar; a tuple of scalars for ``in``; a bool for ``exists``.
    """

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of the clauses; true when there are none."""

    clauses: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the clauses; false when there are none."""

    clauses: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a clause."""

    clause: "Filter"


Filter: TypeAlias = Comparison | And | Or | Not

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
}


def matches(where: Filter, record_id: str, uri: str, metadata: Metadata) -> bool:
    """Tell whether a record passes a filter, by definition."""
    match where:
        case And(clauses):
            return all(matches(clause, record_id, uri, metadata) for clause in clauses)
        case Or(clauses):
            return any(matches(clause, record_id, uri, metadata) for clause in clauses)
        case Not(clause):
            return not matches(clause, record_id, uri, metadata)
        case Comparison(field, operator, value):
            stored: Any = {"id": record_id, "uri": uri}.get(field, metadata.get(field))
            values = stored if isinstance(stored, list) else [] if stored is None else [stored]
            return _compares(values, operator, value)


def _compares(values: list[Scalar], operator: Operator, value: Scalar | tuple[Scalar, ...]) -> bool:
    if operator == "exists":
        return bool(values) == value
    if operator == "ne":
        return not _compares(values, "eq", value)
    if operator == "in":
        wanted = value if isinstance(value, tuple) else (value,)
        return any(_compares(values, "eq", one) for one in wanted)
    comparable = [one for one in values if isinstance(one, str) == isinstance(value, str)]
    if operator == "eq":
        return any(one == value for one in comparable)
    if operator == "prefix":
        return any(str(one).startswith(str(value)) for one in comparable)
    return any(_TESTS[operator](one, value) for one in comparable)


def parse_json(document: object) -> Filter:
    """Read a filter's JSON form.

    ``{"price": {"gte": 10, "lt": 50}, "color": ["Red", "Navy Blue"], "in_stock": true}`` is the
    conjunction of its fields: an object of operators, a list for ``in``, a scalar for ``eq``.
    The keys ``and`` and ``or`` hold lists of such objects, ``not`` holds one.

    Raises:
        FilterError: It is not of this form, too deep or too long.
    """
    return checked(_parse(document, 1))


def checked(where: Filter) -> Filter:
    """Return a filter that is not too long.

    Raises:
        FilterError: It has more than ``MAX_COMPARISONS``.
    """
    if _size(where) > MAX_COMPARISONS:
        raise FilterError(f"the filter has more than {MAX_COMPARISONS} comparisons")
    return where


def _parse(document: object, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise FilterError(f"the filter is nested more than {MAX_DEPTH} deep")
    if not isinstance(document, Mapping):
        raise FilterError(f"a filter is an object of fields, not {document!r}")
    clauses: list[Filter] = []
    for key, value in document.items():
        if key in ("and", "or"):
            if not isinstance(value, list):
                raise FilterError(f"{key!r} holds a list of filters, not {value!r}")
            parts = tuple(_parse(part, depth + 1) for part in value)
            clauses.append(And(parts) if key == "and" else Or(parts))
        elif key == "not":
            clauses.append(Not(_parse(value, depth + 1)))
        elif isinstance(value, Mapping):
            clauses.extend(compare(str(key), str(name), one) for name, one in value.items())
        else:
            clauses.append(compare(str(key), "in" if isinstance(value, list) else "eq", value))
    return clauses[0] if len(clauses) == 1 else And(tuple(clauses))


def compare(field: str, operator: str, value: object) -> Comparison:
    """Make a comparison of unchecked values.

    Raises:
        FilterError: The operator is unknown, or the value does not fit it.
    """
    if operator not in OPERATORS:
        raise FilterError(f"unknown operator {operator!r}; known are {', '.join(OPERATORS)}")
    if not field:
        raise FilterError("a comparison needs a field's name")
    name: Operator = operator  # type: ignore[assignment]
    if name == "in":
        if not isinstance(value, list | tuple):
            raise FilterError(f"{field}: 'in' takes a list, not {value!r}")
        return Comparison(field, name, tuple(_scalar(field, one) for one in value))
    scalar = _scalar(field, value)
    if name == "exists" and not isinstance(scalar, bool):
        raise FilterError(f"{field}: 'exists' takes true or false, not {value!r}")
    if name == "prefix" and not isinstance(scalar, str):
        raise FilterError(f"{field}: 'prefix' takes a string, not {value!r}")
    return Comparison(field, name, scalar)


def _scalar(field: str, value: object) -> Scalar:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise FilterError(f"{field}: {value} has more than 64 bits; put it in quotes")
    if isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise FilterError(f"{field}: cannot compare with {value!r}")


def _size(where: Filter) -> int:
    match where:
        case And(clauses) | Or(clauses):
            return sum(_size(clause) for clause in clauses)
        case Not(clause):
            return _size(clause)
        case Comparison(_, "in", tuple(values)):
            return max(1, len(values) // 10)
        case _:
            return 1
