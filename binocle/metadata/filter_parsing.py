"""Filters made of unchecked values: their JSON form, and single comparisons."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import get_args

from binocle.errors import FilterError
from binocle.metadata import dates
from binocle.metadata.field_types import OWN_FIELDS
from binocle.metadata.filters import (
    STRING_OPERATORS,
    And,
    Comparison,
    Filter,
    Near,
    Not,
    Operator,
    Or,
)
from binocle.metadata.points import make_point
from binocle.types import Scalar

_SPANS: dict[str, Callable[[dates.Span], tuple[str, str]]] = {
    "lt": lambda span: (dates.BEFORE_ALL, span.start),
    "lte": lambda span: (dates.BEFORE_ALL, span.end),
    "gt": lambda span: (span.end, dates.AFTER_ALL),
    "gte": lambda span: (span.start, dates.AFTER_ALL),
}
OPERATORS: tuple[Operator, ...] = get_args(Operator)
_BY_NAME: dict[str, Operator] = {one: one for one in OPERATORS}
MAX_DEPTH = 20
MAX_COMPARISONS = 500


def parse_json(document: object) -> Filter:
    """Read a filter's JSON form.

    ``{"price": {"gte": 10, "lt": 50}, "color": ["Red", "Navy Blue"], "in_stock": true}`` is the
    conjunction of its fields: an object of operators, a list for ``in``, a scalar for ``eq``.
    The keys ``and`` and ``or`` hold lists of such objects, ``not`` holds one. Beyond comparing,
    ``{"title": {"contains": "linen"}}``, ``{"taken_at": {"during": "last summer"}}`` (see
    ``dates.parse_span``) and ``{"location": {"near": {"lat": 48.1, "lon": 11.5, "radius":
    "10km"}}}``.

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
            clauses.extend(compared(str(key), str(name), one) for name, one in value.items())
        else:
            clauses.append(compared(str(key), "in" if isinstance(value, list) else "eq", value))
    return clauses[0] if len(clauses) == 1 else And(tuple(clauses))


def compare(field: str, operator: str, value: object, *, today: date | None = None) -> Comparison:
    """Make a comparison of unchecked values.

    Args:
        field: A metadata field, ``id`` or ``uri``.
        operator: One of ``OPERATORS``.
        value: What ``Comparison`` holds; for ``during`` a span as a person says it, for ``near``
            an object of ``lat``, ``lon`` and ``radius``.
        today: For spans such as ``yesterday``; the local date for None.

    Raises:
        FilterError: The operator is unknown, or the value does not fit it.
    """
    name = _BY_NAME.get(operator)
    if name is None:
        raise FilterError(f"unknown operator {operator!r}; known are {', '.join(OPERATORS)}")
    if not field:
        raise FilterError("a comparison needs a field's name")
    if name == "in":
        if not isinstance(value, list | tuple):
            raise FilterError(f"{field}: 'in' takes a list, not {value!r}")
        return Comparison(field, name, tuple(_scalar(field, one) for one in value))
    if name == "near":
        return Comparison(field, name, _near(field, value))
    if name == "during":
        return Comparison(field, name, _span(field, value, today))
    scalar = _scalar(field, value)
    if name == "exists" and not isinstance(scalar, bool):
        raise FilterError(f"{field}: 'exists' takes true or false, not {value!r}")
    if name == "contains" and not (isinstance(scalar, str) and scalar):
        raise FilterError(f"{field}: 'contains' takes a string that is not empty, not {value!r}")
    if name in STRING_OPERATORS and not isinstance(scalar, str):
        raise FilterError(f"{field}: {name!r} takes a string, not {value!r}")
    return Comparison(field, name, scalar)


def compared(field: str, operator: str, value: object, *, today: date | None = None) -> Filter:
    """Make a comparison of unchecked values, in which times may be said in words.

    ``taken_at > yesterday`` passes dates behind yesterday, ``>=`` from its begin, ``<=`` up to its
    end; ``=`` passes dates within it, as well as the word itself, which may be a value. Behind
    ``last 30 days``, which end with today, is nothing yet, so ``>`` is from their begin, too.

    Raises:
        FilterError: As for ``compare``.
    """
    plain = compare(field, operator, value, today=today)
    words = plain.value if isinstance(plain.value, tuple) else (plain.value,)
    if field in OWN_FIELDS or operator not in (*_SPANS, "eq", "ne", "in"):
        return plain
    texts = (one for one in words if isinstance(one, str))
    spans = [span for one in texts if (span := dates.named_span(one, today)) is not None]
    if not spans:
        return plain
    if operator in _SPANS:
        is_since = operator == "gt" and any(map(dates.ends_today, map(str, words)))
        return Comparison(field, "during", _SPANS["gte" if is_since else operator](spans[0]))
    during = (Comparison(field, "during", tuple(span)) for span in spans)
    if operator == "ne":
        return Not(Or((Comparison(field, "eq", plain.value), *during)))
    return Or((plain, *during))


def _span(field: str, value: object, today: date | None) -> tuple[str, str]:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        if isinstance(text, str):
            span = dates.parse_span(text, today)
            return span.start, span.end
    except ValueError:
        pass
    raise FilterError(f"{field}: {value!r} is no time to be in; there are {dates.KNOWN}")


def _near(field: str, value: object) -> Near:
    if isinstance(value, Near):
        value = {"lat": value.latitude, "lon": value.longitude, "radius": value.radius_m}
    if isinstance(value, Mapping) and value.keys() == {"lat", "lon", "radius"}:
        place = make_point(value["lat"], value["lon"])
        radius = _metres(value["radius"])
        if place is not None and radius is not None:
            return Near(place.latitude, place.longitude, radius)
    raise FilterError(
        f"{field}: 'near' takes lat (-90 to 90), lon (-180 to 180) and radius (such as 500m or "
        f"10km), not {value!r}"
    )


def _metres(value: object) -> float | None:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(k?m)?\s*", value.lower())
        if match is None:
            return None
        value = float(match[1]) * (1000 if match[2] == "km" else 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1e9 else None


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
