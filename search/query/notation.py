"""Sort orders, facets, groups, regions and weights as people type them.

::

    sort    = [ "-" ] field                              -price: dearest first
    facet   = field { ":" ( kind | count | interval ) }  price:numbers:5, taken_at:dates:month
    group   = field [ ":" size ]                         style:3
    region  = x "," y "," width "," height               0.5,0,0.5,1: the right half
    cut     = "auto" | number | number "%"               auto, 0.3, 30%
    weights = ranking "=" number { "," ... }             keyword=2,text=0.5
    boosted = text [ "^" weight ]                        leather^2

A field whose name has a colon, or begins with a dash, goes in backticks, as in filters.
"""

import re
from dataclasses import fields
from typing import Literal, get_args

from binocle.errors import QueryError
from search.query.query import RELEVANCE, Facet, FacetKind, Group, Interval, Region, Sort, Weights

_FIELD = re.compile(r"(?:`([^`]+)`|([^`:][^:]*))((?::[^:]+)*)", re.DOTALL)
_BOOSTED = re.compile(r"(?P<text>.*\S)\s*\^(?P<weight>\d+\.?\d*|\.\d+)", re.DOTALL)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_KINDS: dict[str, FacetKind] = {one: one for one in get_args(FacetKind)}
_INTERVALS: dict[str, Interval] = {one: one for one in get_args(Interval)}
_RANKINGS = [one.name for one in fields(Weights)]


def parse_sort(text: str) -> Sort:
    """Read a sort order; ``relevance`` is the most relevant first.

    Raises:
        QueryError: No field is named.
    """
    descending = text.startswith("-")
    name = text.removeprefix("-").strip()
    if len(name) > 2 and name[0] == name[-1] == "`":
        name = name[1:-1]
    if not name:
        raise QueryError(
            f"a sort order is a field, with - before it to turn it round, not {text!r}"
        )
    return Sort(name, descending and name != RELEVANCE)


def parse_facet(text: str) -> Facet:
    """Read a facet: a field, and behind it, in any order, its kind, a count and an interval.

    Raises:
        QueryError: It cannot be understood.
    """
    field, rest = _field(text, "facet")
    kind: FacetKind | None = None
    interval: Interval | None = None
    count: int | None = None
    for one in rest:
        if one in _KINDS:
            kind = _KINDS[one]
        elif one in _INTERVALS:
            interval = _INTERVALS[one]
        elif _COUNT.fullmatch(one):
            count = int(one)
        else:
            raise QueryError(
                f"cannot understand the facet {text!r}: behind the field may stand values, numbers "
                f"or dates, a count, and year, month or day, not {one!r}"
            )
    if interval is not None:
        kind = kind or "dates"
    if count is None:
        return Facet(field, kind, interval=interval)
    return Facet(field, kind, limit=count, bins=count, interval=interval)


def parse_group(text: str) -> Group:
    """Read what to group by: a field, and how many of each group to show.

    Raises:
        QueryError: It cannot be understood.
    """
    field, rest = _field(text, "group")
    if not rest:
        return Group(field)
    if len(rest) > 1 or not _COUNT.fullmatch(rest[0]):
        raise QueryError(f"a group is a field and a count, such as style:3, not {text!r}")
    return Group(field, int(rest[0]))


def parse_region(text: str) -> Region:
    """Read a rectangle.

    Raises:
        QueryError: It is not four fractions of a picture's width and height.
    """
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        raise QueryError(
            f"a region is x,y,width,height as fractions from 0 to 1, such as 0.5,0,0.5,1, "
            f"not {text!r}"
        ) from None
    return Region(x, y, width, height)


def parse_cut(text: str) -> float | Literal["auto"]:
    """Read the least relevance.

    Raises:
        QueryError: It is neither ``auto`` nor a number from 0 to 1, nor one up to 100 %.
    """
    if text.strip().lower() == "auto":
        return "auto"
    try:
        cut = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        cut = -1.0
    if not 0 <= cut <= 1:
        raise QueryError(f"the least relevance is auto, or from 0 to 1, not {text!r}")
    return cut


def parse_weights(text: str) -> Weights:
    """Read the weights of rankings; what is not named keeps 1.

    Raises:
        QueryError: It cannot be understood.
    """
    found: dict[str, float] = {}
    for one in text.split(","):
        name, equals, number = one.strip().partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals or name.strip() not in _RANKINGS:
            raise QueryError(f"weights are such as keyword=2,text=0.5,image=0, not {text!r}")
    return Weights(**found)


def parse_boosted(text: str) -> tuple[str, float]:
    """Read what a term looks for and its weight, 1 where none is given."""
    match = _BOOSTED.fullmatch(text)
    return (match["text"], float(match["weight"])) if match else (text, 1.0)


def _field(text: str, what: str) -> tuple[str, list[str]]:
    match = _FIELD.fullmatch(text.strip())
    if match is None:
        raise QueryError(f"a {what} is a field, such as color or color:5, not {text!r}")
    return match[1] or match[2].strip(), match[3].split(":")[1:]
