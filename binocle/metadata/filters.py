"""Filters over metadata: the tree, and what it means for one record.

A comparison looks at one field. A field that holds a list matches when any element does; a
comparison with a record that lacks the field is false, except ``ne``, which is everywhere the
opposite of ``eq``. Numbers compare with numbers (true and false count as 1 and 0) and strings
with strings, by code point; a date is a string in ISO 8601 and so sorts in time.

``contains`` ignores case, and whether ``é`` is stored as one character or two. A string contains
any part of itself; an element of a list contains only whole words, so that ``tags contains red``
is not about the bored. ``during`` is about dates within a span of time, as they are written
(an offset from UTC changes nothing), ``near`` about points within a distance on the globe.

Values are compared as the collection's schema types them, see ``field_types``. ``matches`` is the
definition; ``catalog.tables.filter_sql`` computes the same in SQL and ``columns`` on arrays.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from unicodedata import normalize

from binocle.metadata import dates
from binocle.metadata.field_types import NO_SCHEMA, Schema, typed
from binocle.metadata.points import Point, distance_m, points_of
from binocle.types import Metadata, MetadataValue, Scalar

Operator: TypeAlias = Literal[
    "eq", "ne", "in", "lt", "lte", "gt", "gte", "exists", "prefix", "contains", "during", "near"
]
STRING_OPERATORS: tuple[Operator, ...] = ("contains", "prefix")
"""Operators that people type as words, whose value is a string."""


@dataclass(frozen=True, slots=True)
class Near:
    """All places within a great-circle distance of one.

    Attributes:
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
        radius_m: Metres; the rim belongs to it.
    """

    latitude: float
    longitude: float
    radius_m: float

    @property
    def point(self) -> Point:
        """The middle."""
        return Point(self.latitude, self.longitude)


Value: TypeAlias = Scalar | tuple[Scalar, ...] | Near


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field compared with a value.

    Attributes:
        field: A metadata field; ``id`` and ``uri`` are the record's own.
        operator: What to compare.
        value: A scalar; a tuple of scalars for ``in``; a bool for ``exists``; start and end of a
            span for ``during``, the end not in it; a ``Near``.
    """

    field: str
    operator: Operator
    value: Value


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


def matches(
    where: Filter, record_id: str, uri: str, metadata: Metadata, schema: Schema = NO_SCHEMA
) -> bool:
    """Tell whether a record passes a filter, by definition."""
    values = {**typed(metadata, schema), "id": record_id, "uri": uri}
    return _passes(where, values, points_of(metadata, schema))


def _passes(where: Filter, values: Metadata, places: Mapping[str, Point]) -> bool:
    match where:
        case And(clauses):
            return all(_passes(clause, values, places) for clause in clauses)
        case Or(clauses):
            return any(_passes(clause, values, places) for clause in clauses)
        case Not(clause):
            return not _passes(clause, values, places)
        case Comparison(field, "near", Near() as near):
            place = places.get(field)
            return place is not None and is_near(place.latitude, place.longitude, near)
        case Comparison(field, "exists", value):
            return (bool(_listed(values.get(field))) or field in places) == value
        case Comparison(field, "contains", str(text)):
            return _contains(values.get(field), text)
        case Comparison(field, operator, value):
            assert not isinstance(value, Near)
            return _compares(_listed(values.get(field)), operator, value)


def _listed(value: MetadataValue | None) -> list[Scalar]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _compares(values: list[Scalar], operator: Operator, value: Scalar | tuple[Scalar, ...]) -> bool:
    if operator == "ne":
        return not _compares(values, "eq", value)
    if operator == "in":
        wanted = value if isinstance(value, tuple) else (value,)
        return any(_compares(values, "eq", one) for one in wanted)
    if operator == "during":
        assert isinstance(value, tuple)
        start, end = value
        texts = [one for one in values if isinstance(one, str)]
        return any(str(start) <= one < str(end) and dates.is_date(one) for one in texts)
    comparable = [one for one in values if isinstance(one, str) == isinstance(value, str)]
    if operator == "eq":
        return any(one == value for one in comparable)
    if operator == "prefix":
        return any(str(one).startswith(str(value)) for one in comparable)
    return any(_TESTS[operator](one, value) for one in comparable)


def _contains(value: MetadataValue | None, text: str) -> bool:
    if isinstance(value, list):
        return any(has_words(one, text) for one in value if isinstance(one, str))
    return isinstance(value, str) and has_part(value, text)


def has_part(value: str, text: str) -> bool:
    """Tell whether a string has another inside it, whatever the case."""
    return fold(text) in fold(value)


def fold(text: str) -> str:
    """Return a text without differences of case, nor of how its accents are stored."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold())


def has_words(value: str, text: str) -> bool:
    """Tell whether a string has another inside it as whole words, whatever the case."""
    return _word_pattern(text).search(fold(value)) is not None


@lru_cache(64)
def _word_pattern(text: str) -> re.Pattern[str]:
    words = fold(text)
    # Chinese, Japanese and Korean are written without spaces, so any place is a word's border.
    before, after = (r"(?<!\w)", r"(?!\w)")
    first, last = (one < "\u2e80" for one in (words[0], words[-1]))
    return re.compile((before if first else "") + re.escape(words) + (after if last else ""))


def is_near(latitude: Any, longitude: Any, near: Near) -> Any:
    """Tell whether places, as numbers or arrays, are within a distance."""
    return distance_m(latitude, longitude, near.point) <= near.radius_m


def both(one: Filter | None, other: Filter | None) -> Filter | None:
    """Return what passes where two filters do; None is no filter."""
    if one is None or other is None:
        return one or other
    return And((one, other))


def comparisons_in(where: Filter | None) -> Iterator[Comparison]:
    """Yield all comparisons of a filter."""
    match where:
        case And(clauses) | Or(clauses):
            for clause in clauses:
                yield from comparisons_in(clause)
        case Not(clause):
            yield from comparisons_in(clause)
        case Comparison():
            yield where


def fields_in(where: Filter | None) -> tuple[str, ...]:
    """Return the fields a filter speaks of, each once."""
    return tuple(dict.fromkeys(one.field for one in comparisons_in(where)))


def after_prefix(prefix: str) -> str | None:
    """Return the least string greater than all that begin with a prefix; None for no such."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if following == 0xD800:  # surrogates are no characters
        following = 0xE000
    return stem[:-1] + chr(following)
