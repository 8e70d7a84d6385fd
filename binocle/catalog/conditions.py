"""A filter as SQL. ``filters.matches`` says what it has to mean."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from binocle.catalog.tables import attributes, fields, records
from binocle.filters import And, Comparison, Filter, Not, Operator, Or
from binocle.types import Scalar


def condition(where: Filter) -> ColumnElement[bool]:
    """Return the SQL condition on ``records`` that a filter stands for."""
    match where:
        case And(clauses):
            return sa.and_(sa.true(), *map(condition, clauses))
        case Or(clauses):
            return sa.or_(sa.false(), *map(condition, clauses))
        case Not(clause):
            return sa.not_(condition(clause))
        case Comparison("id", operator, value):
            return _own(records.c.key, operator, value)
        case Comparison("uri", operator, value):
            return _own(records.c.uri, operator, value)
        case Comparison(field, "ne", value):
            return sa.not_(condition(Comparison(field, "eq", value)))
        case Comparison(field, "exists", value):
            present = records.c.id.in_(_holders(field))
            return present if value else sa.not_(present)
        case Comparison(field, "in", tuple(values)):
            numbers = attributes.c.number.in_([one for one in values if not isinstance(one, str)])
            texts = attributes.c.text.in_([one for one in values if isinstance(one, str)])
            return _any(field, sa.or_(numbers, texts))
        case Comparison(field, operator, value):
            assert not isinstance(value, tuple)
            column = attributes.c.text if isinstance(value, str) else attributes.c.number
            return _any(field, _compare(column, operator, value))


def _holders(field: str) -> sa.Select[tuple[int]]:
    field_id = sa.select(fields.c.id).where(fields.c.name == field).scalar_subquery()
    return sa.select(attributes.c.record_id).where(attributes.c.field_id == field_id)


def _any(field: str, test: ColumnElement[bool]) -> ColumnElement[bool]:
    return records.c.id.in_(_holders(field).where(test))


def _own(
    column: sa.Column[str], operator: Operator, value: Scalar | tuple[Scalar, ...]
) -> ColumnElement[bool]:
    """Compare a column every record has; only strings can match it."""
    if operator == "exists":
        return sa.true() if value else sa.false()
    if isinstance(value, tuple):
        return column.in_([one for one in value if isinstance(one, str)])
    if not isinstance(value, str):
        return sa.true() if operator == "ne" else sa.false()
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
            end = _after_prefix(str(operand))
            return column >= operand if end is None else sa.and_(column >= operand, column < end)
        case _:
            raise AssertionError(operator)


def _after_prefix(prefix: str) -> str | None:
    """Return the least string greater than all that begin with a prefix; None for no such."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if following == 0xD800:  # surrogates are no characters
        following = 0xE000
    return stem[:-1] + chr(following)
