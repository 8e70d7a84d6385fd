"""A filter as SQL. ``filters.matches`` says what it has to mean."""

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from binocle.catalog.tables.schema import attributes, fields, points, records
from binocle.metadata import dates, filters
from binocle.metadata.field_types import OWN_FIELDS
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Operator, Or
from binocle.metadata.points import EARTH_RADIUS_M
from binocle.types import Scalar


def add_functions(connection: Any) -> None:
    """Teach an SQLite connection the tests that SQL has no words for."""
    for name, function in (
        ("has_part", filters.has_part),
        ("has_words", filters.has_words),
        ("is_date", dates.is_date),
        ("is_near", _is_near),
    ):
        arguments = {"is_date": 1, "is_near": 5}.get(name, 2)
        connection.create_function(name, arguments, function, deterministic=True)


def _is_near(*numbers: float) -> bool:
    latitude, longitude, *circle = numbers
    return bool(filters.is_near(latitude, longitude, Near(*circle)))


def condition(where: Filter) -> ColumnElement[bool]:
    """Return the SQL condition on ``records`` that a filter stands for."""
    match where:
        case And(clauses):
            return sa.and_(sa.true(), *map(condition, clauses))
        case Or(clauses):
            return sa.or_(sa.false(), *map(condition, clauses))
        case Not(clause):
            return sa.not_(condition(clause))
        case Comparison():
            return _comparison(where)


def _comparison(where: Comparison) -> ColumnElement[bool]:
    match where:
        case Comparison("id", operator, value):
            return _own(records.c.key, operator, value)
        case Comparison("uri", operator, value):
            return _own(records.c.uri, operator, value)
        case Comparison(field, "ne", value):
            return sa.not_(condition(Comparison(field, "eq", value)))
        case Comparison(field, "exists", value):
            placed = sa.select(points.c.record_id).where(points.c.field_id == _id_of(field))
            present = sa.or_(records.c.id.in_(_holders(field)), records.c.id.in_(placed))
            return present if value else sa.not_(present)
        case _:
            return records.c.id.in_(holders(where))


def holders(where: Comparison) -> sa.Select[tuple[int]]:
    """Return the select of internal ids that pass a comparison; one may come several times.

    It reads one index from the first match on, so a limit makes it cheap.
    """
    field, value = where.field, where.value
    if field in OWN_FIELDS:
        return sa.select(records.c.id).where(_comparison(where))
    text = attributes.c.text
    if isinstance(value, Near):
        return _near(field, value)
    if where.operator == "during" and isinstance(value, tuple):
        start, end = value
        return _holders(field, sa.and_(text >= start, text < end, sa.func.is_date(text)))
    if isinstance(value, tuple):
        numbers = attributes.c.number.in_([one for one in value if not isinstance(one, str)])
        texts = text.in_([one for one in value if isinstance(one, str)])
        return _holders(field, sa.or_(numbers, texts))
    if where.operator == "contains":
        listed = attributes.c.listed
        part = sa.and_(listed == 0, sa.func.has_part(text, value))
        words = sa.and_(listed == 1, sa.func.has_words(text, value))
        return _holders(field, sa.and_(text.is_not(None), sa.or_(part, words)))
    column = text if isinstance(value, str) else attributes.c.number
    return _holders(field, _compare(column, where.operator, value))


def _holders(field: str, *tests: ColumnElement[bool]) -> sa.Select[tuple[int]]:
    own = attributes.c.field_id == _id_of(field)
    return sa.select(attributes.c.record_id).where(own, *tests)


def _id_of(field: str) -> sa.ScalarSelect[int]:
    return sa.select(fields.c.id).where(fields.c.name == field).scalar_subquery()


def _near(field: str, near: Near) -> sa.Select[tuple[int]]:
    """Look into the belt of latitudes first, which the index has in order."""
    reach = math.degrees(near.radius_m / EARTH_RADIUS_M) * (1 + 1e-9) + 1e-9
    belt = points.c.latitude.between(near.latitude - reach, near.latitude + reach)
    circle = (near.latitude, near.longitude, near.radius_m)
    inside = sa.func.is_near(points.c.latitude, points.c.longitude, *circle)
    own = points.c.field_id == _id_of(field)
    return sa.select(points.c.record_id).where(own, belt, inside)


def _own(column: sa.Column[str], operator: Operator, value: filters.Value) -> ColumnElement[bool]:
    """Compare a column every record has; only strings can match it."""
    if isinstance(value, Near):
        return sa.false()
    if operator == "exists":
        return sa.true() if value else sa.false()
    if operator == "during" and isinstance(value, tuple):
        return sa.and_(column >= value[0], column < value[1], sa.func.is_date(column))
    if isinstance(value, tuple):
        return column.in_([one for one in value if isinstance(one, str)])
    if not isinstance(value, str):
        return sa.true() if operator == "ne" else sa.false()
    return _compare(column, operator, value)


def _compare(column: ColumnElement[Any], operator: Operator, value: Scalar) -> ColumnElement[bool]:
    operand: str | float = int(value) if isinstance(value, bool) else value
    match operator:
        case "contains":
            return sa.func.has_part(column, operand)
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
