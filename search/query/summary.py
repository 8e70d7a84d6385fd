"""A query in one line, so that people see how what they said was read.

::

    blue shoes, like sku-02; shoes also as trainers; not leather; where price < 60 and color = Red
"""

import re
from collections.abc import Sequence
from textwrap import shorten

from binocle.media.kinds import IMAGE
from binocle.metadata.dates import AFTER_ALL, BEFORE_ALL
from binocle.metadata.filters import And, Comparison, Filter, Near, Not, Or
from binocle.types import Scalar
from search.query.query import Query, Term

_MAX_CHARACTERS = 400
_MAX_VALUES = 8
_SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_BARE = re.compile(r"[^\W_][\w.-]*")


def summary_of(
    query: Query,
    demanded: str = "",
    synonyms: Sequence[tuple[str, Sequence[str]]] = (),
) -> str:
    """Return what a query looks for, keeps away from and lets through, and in which order.

    Args:
        query: As it was read.
        demanded: What is relevant must have, where that is not all.
        synonyms: Words of it, and what counts as them as well.
    """
    wanted = ", ".join(_term(one) for one in query.terms if one.weight > 0)
    unwanted = ", ".join(f"not {_term(one)}" for one in query.terms if one.weight < 0)
    where = f"where {filter_as_typed(query.where)}" if query.where is not None else ""
    order = ", ".join(f"{one.field}{' downwards' * one.descending}" for one in query.sort)
    order = f"by {order}" if order else ""
    also = ", ".join(f"{typed} also as {_some(others)}" for typed, others in synonyms)
    line = "; ".join(filter(None, (wanted or "anything", also, demanded, unwanted, where, order)))
    return shorten(line, _MAX_CHARACTERS, placeholder=" …")


def _some(several: Sequence[str]) -> str:
    more = " or …" if len(several) > _MAX_VALUES else ""
    return " or ".join(several[:_MAX_VALUES]) + more


def filter_as_typed(where: Filter) -> str:
    """Return a filter as people type it, see ``where``; long lists are cut short."""
    match where:
        case Or((Comparison() as plain, And((Comparison(field, operator, str()), *_)))) if (
            field,
            operator,
        ) == (plain.field, plain.operator):
            return _comparison(plain)  # a year is also compared with dates
        case And(clauses):
            return " and ".join(map(_clause, clauses))
        case Or(clauses):
            return " or ".join(map(_clause, clauses))
        case Not(clause):
            return f"not {_clause(clause)}"
        case _:
            return _comparison(where)


def _clause(where: Filter) -> str:
    typed = filter_as_typed(where)
    is_one = isinstance(where, Comparison | Not) or not re.search(r" (and|or) ", typed)
    return typed if is_one else f"({typed})"


def _comparison(one: Comparison) -> str:
    field = one.field if _BARE.fullmatch(one.field) else f"`{one.field}`"
    value = one.value
    if isinstance(value, Near):
        return f"{field} near ({value.latitude:g}, {value.longitude:g}, {value.radius_m:g}m)"
    if not isinstance(value, tuple):
        if one.operator == "exists":
            return f"{field} exists" if value else f"not {field} exists"
        return f"{field} {_SIGNS.get(one.operator, one.operator)} {_value(value)}"
    if one.operator == "during":
        if value[0] == BEFORE_ALL:
            return f"{field} before {value[1]}"
        if value[1] == AFTER_ALL:
            return f"{field} since {value[0]}"
        return f"{field} from {value[0]} to before {value[1]}"
    written = [
        value[place]
        for place in range(len(value))
        if not place or not _is_reading(value[place], value[place - 1])
    ]
    if len(written) == 1 < len(value):
        return f"{field} = {_value(written[0])}"
    more = ", …" if len(written) > _MAX_VALUES else ""
    return f"{field} in ({', '.join(map(_value, written[:_MAX_VALUES]))}{more})"


def _is_reading(text: Scalar, number: Scalar) -> bool:
    """Tell whether a text is only the other reading of a bare number before it."""
    return isinstance(text, str) and not isinstance(number, str) and str(number) == text


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    bare = _BARE.fullmatch(value) and not value[0].isdigit()
    return value if bare and value.lower() not in ("true", "false") else repr(value)


def _term(term: Term) -> str:
    weight = "" if abs(term.weight) == 1 else f"^{abs(term.weight):g}"
    part = "a part of " if term.region is not None else ""
    if term.text is not None:
        what = term.text.strip()
        if term.is_unread and term.corrected:
            what = f'{what} (read as "{term.corrected}": the model cannot read the rest)'
        elif term.is_unread:
            what = f"{what} (as words: the model cannot read it)"
        elif term.corrected:
            what = f'{what} (read as "{term.corrected}")'
    elif term.record is not None:
        what = f"like {part}{term.record}"
    elif term.vector is not None and term.source != IMAGE:
        what = "like a vector"
    else:
        what = f"like {part}a picture"
    return f"{what}{weight}"
