"""A filter as SQL. ``filters.matches`` says what it has to mean."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from binocle.catalog import dialect
from binocle.catalog.tables.schema import attributes, fields, points, records
from binocle.metadata import dates, filters
from binocle.metadata.field_types import OWN_FIELDS
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Operator, Or
from binocle.metadata.points import EARTH_RADIUS_M
from binocle.types import Scalar

_TESTS: dict[str, Callable[..., bool]] = {
    "has_part": filters.has_part,
    "has_words": filters.has_words,
    "is_date": dates.is_date,
}
"""What SQL has no words for."""


def add_functions(connection: Any) -> None:
    """Teach an SQLite connection the tests that SQL has no words for."""
    for name, function in (*_TESTS.items(), ("is_near", _is_near)):
        arguments = {"is_date": 1, "is_near": 5}.get(name, 2)
        connection.create_function(name, arguments, function, deterministic=True)


@dataclass(frozen=True, slots=True)
class _Tested:
    """A column of texts, and in which of its rows the values are that Python tests."""

    column: sa.Column[str]
    connection: sa.Connection
    among: ColumnElement[bool] = field(default_factory=sa.true)

    def passes(self, name: str, *arguments: object) -> ColumnElement[bool]:
        """Return the condition that a value passes one of ``_TESTS``."""
        if dialect.is_sqlite(self.connection):
            return cast("ColumnElement[bool]", getattr(sa.func, name)(self.column, *arguments))
        query = sa.select(self.column).where(self.among, self.column.is_not(None)).distinct()
        values = self.connection.execute(query).scalars()
        test = _TESTS[name]
        return dialect.is_any_of(self.column, [one for one in values if test(one, *arguments)])


def _is_near(*numbers: float) -> bool:
    latitude, longitude, *circle = numbers
    return bool(filters.is_near(latitude, longitude, Near(*circle)))


def condition(where: Filter, connection: sa.Connection) -> ColumnElement[bool]:
    """Return the SQL condition on ``records`` that a filter stands for.

    Args:
        where: The filter.
        connection: In whose transaction the condition is used.
    """
    match where:
        case And(clauses):
            return sa.and_(sa.true(), *(condition(one, connection) for one in clauses))
        case Or(clauses):
            return sa.or_(sa.false(), *(condition(one, connection) for one in clauses))
        case Not(clause):
            return sa.not_(condition(clause, connection))
        case Comparison():
            return _comparison(where, connection)


def _comparison(where: Comparison, connection: sa.Connection) -> ColumnElement[bool]:
    match where:
        case Comparison("id", operator, value):
            return _own(_Tested(records.c.key, connection), operator, value)
        case Comparison("uri", operator, value):
            return _own(_Tested(records.c.uri, connection), operator, value)
        case Comparison(field, "ne", value):
            return sa.not_(condition(Comparison(field, "eq", value), connection))
        case Comparison(field, "exists", value):
            placed = sa.select(points.c.record_id).where(points.c.field_id == _id_of(field))
            present = sa.or_(records.c.id.in_(_holders(field)), records.c.id.in_(placed))
            return present if value else sa.not_(present)
        case _:
            return records.c.id.in_(holders(where, connection))


def holders(where: Comparison, connection: sa.Connection) -> sa.Select[tuple[int]]:
    """Return the select of internal ids that pass a comparison; one may come several times.

    It reads one index from the first match on, so a limit makes it cheap in SQLite; where Python
    does the test, PostgreSQL is first asked for the different values.

    Args:
        where: The comparison.
        connection: In whose transaction the select is used.
    """
    field, value = where.field, where.value
    if field in OWN_FIELDS:
        return sa.select(records.c.id).where(_comparison(where, connection))
    own, text = attributes.c.field_id == _id_of(field), attributes.c.text
    if isinstance(value, Near):
        return _near(field, value, connection)
    if where.operator == "during" and isinstance(value, tuple):
        start, end = value
        within = sa.and_(text >= start, text < end)
        dates_of = _Tested(text, connection, sa.and_(own, within))
        return _holders(field, sa.and_(within, dates_of.passes("is_date")))
    if isinstance(value, tuple):
        numbers = attributes.c.number.in_([one for one in value if not isinstance(one, str)])
        texts = text.in_([one for one in value if isinstance(one, str)])
        return _holders(field, sa.or_(numbers, texts))
    if where.operator == "contains":
        listed = attributes.c.listed
        whole = _Tested(text, connection, sa.and_(own, listed == 0))
        element = _Tested(text, connection, sa.and_(own, listed == 1))
        part = sa.and_(listed == 0, whole.passes("has_part", value))
        words = sa.and_(listed == 1, element.passes("has_words", value))
        return _holders(field, sa.and_(text.is_not(None), sa.or_(part, words)))
    column = text if isinstance(value, str) else attributes.c.number
    return _holders(field, _compare(column, where.operator, value))


def _holders(field: str, *tests: ColumnElement[bool]) -> sa.Select[tuple[int]]:
    own = attributes.c.field_id == _id_of(field)
    return sa.select(attributes.c.record_id).where(own, *tests)


def _id_of(field: str) -> sa.ScalarSelect[int]:
    return sa.select(fields.c.id).where(fields.c.name == field).scalar_subquery()


def _near(field: str, near: Near, connection: sa.Connection) -> sa.Select[tuple[int]]:
    """Look into the belt of latitudes first, which the index has in order."""
    reach = math.degrees(near.radius_m / EARTH_RADIUS_M) * (1 + 1e-9) + 1e-9
    belt = points.c.latitude.between(near.latitude - reach, near.latitude + reach)
    circle = (near.latitude, near.longitude, near.radius_m)
    own = points.c.field_id == _id_of(field)
    if dialect.is_sqlite(connection):
        inside: ColumnElement[bool] = sa.func.is_near(
            points.c.latitude, points.c.longitude, *circle
        )
    else:
        query = sa.select(points.c.record_id, points.c.latitude, points.c.longitude)
        found = connection.execute(query.where(own, belt))
        ids = [number for number, *place in found if _is_near(*place, *circle)]
        inside = dialect.is_any_of(points.c.record_id, ids)
    return sa.select(points.c.record_id).where(own, belt, inside)


def _own(tested: "_Tested", operator: Operator, value: filters.Value) -> ColumnElement[bool]:
    """Compare a column every record has; only strings can match it."""
    column = tested.column
    if isinstance(value, Near):
        return sa.false()
    if operator == "exists":
        return sa.true() if value else sa.false()
    if operator == "during" and isinstance(value, tuple):
        within = sa.and_(column >= value[0], column < value[1])
        dates_of = _Tested(column, tested.connection, within)
        return sa.and_(within, dates_of.passes("is_date"))
    if isinstance(value, tuple):
        return column.in_([one for one in value if isinstance(one, str)])
    if not isinstance(value, str):
        return sa.true() if operator == "ne" else sa.false()
    if operator == "contains":
        return tested.passes("has_part", value)
    return _compare(column, operator, value)


def _compare(column: ColumnElement[Any], operator: Operator, value: Scalar) -> ColumnElement[bool]:
    operand: str | float = int(value) if isinstance(value, bool) else value
    match operator:
        case "eq":
            return column == operand
        case "ne":
            return column != operand
        case "lt":
            return column < operand
        case "lte":
            return column <= operand
        case "gt":
            return column > operand
        case "gte":
            return column >= operand
        case "prefix":
            end = filters.after_prefix(str(operand))
            return column >= operand if end is None else sa.and_(column >= operand, column < end)
        case _:
            raise AssertionError(operator)
