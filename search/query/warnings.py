"""What a filter may have meant that it does not say: fields and types no record has."""

import re
from collections.abc import Sequence

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.errors import FilterError
from binocle.metadata.dates import AFTER_ALL, BEFORE_ALL, KNOWN, is_date
from binocle.metadata.field_types import OWN_FIELDS
from binocle.metadata.filters import Comparison, Filter, Near, Operator, comparisons_in, fold
from binocle.types import MetadataValue
from search.query.query import RELEVANCE, Query

_SHOWN = 12
_LOOKED_AT = 8  # comparisons of a field, and values of one
_SAMPLE = 200  # records whose values are looked at
_ORDERS = ("lt", "lte", "gt", "gte")
_PRICE = re.compile(r"(?:price|cost)(?:[_ ].*)?", re.IGNORECASE)


def query_doubts(collection: Collection, query: Query) -> list[str]:
    """Return a line for everything in a query that cannot mean what it seems to.

    What its filter says is looked at by ``doubts``; beyond that, sorting, counting or grouping by
    a field that no record has does nothing, without a word.
    """
    found = doubts(collection, query.where) if query.where is not None else []
    found += _missing_words(collection) if query.terms and query.mode != "semantic" else []
    named = [one.field for one in query.sort] + [one.field for one in query.facets]
    named += [query.group.field] if query.group else []
    fields = [one for one in dict.fromkeys(named) if one not in (*OWN_FIELDS, RELEVANCE)]
    if not fields:
        return found
    with collection.reading() as session:
        there = session.fields.names()
        counted = [one.field for one in query.facets if one.kind == "numbers"]
        texts = [one for one in counted if session.fields.holds(one) == {"texts"}]
    found += [f"the field {field!r} holds texts, not numbers; count its values" for field in texts]
    found += [_unknown(field, there) for field in fields if field not in there]
    return list(dict.fromkeys(found))


def price_field(collection: Collection) -> str | None:
    """Return the one field of numbers named like a price; None where there is none, or more."""
    with collection.reading() as session:
        named = [one for one in session.fields.names() if _PRICE.fullmatch(one)]
        found = [one for one in named if "numbers" in session.fields.holds(one)]
    return found[0] if len(found) == 1 else None


def check_times(collection: Collection, where: Filter | None) -> None:
    """Refuse to order dates by what is no date, and to compare numbers with times.

    Raises:
        FilterError: A field of dates is to be before or after a text that is none, or one of
            numbers, such as ``year``, within a time.
    """
    every = list(comparisons_in(where))
    wrong = [one for one in every if one.operator in _ORDERS and _is_no_date(one)]
    within = [one for one in every if one.operator == "during"]
    if not wrong and not within:
        return
    with collection.reading() as session:
        types = session.fields.types()
    for one in wrong:
        if types.get(one.field, ("keyword", False))[0] == "date":
            raise FilterError(
                f"the field {one.field!r} holds dates, and {one.value!r} is none; there are {KNOWN}"
            )
    numbered = {one.field for one in every if _type(one) == "numbers"}
    for one in within:
        is_number = types.get(one.field, ("keyword", False))[0] == "number"
        if is_number and one.field not in numbered:  # else the range may be of numbers: 10..20
            raise FilterError(
                f"the field {one.field!r} holds numbers, and is compared with a time; "
                f"compare it with a number, such as {_as_years(one)}"
            )


def _as_years(one: Comparison) -> str:
    """Return what a field of years would be compared with instead of a time."""
    assert isinstance(one.value, tuple)
    start, end = (str(value)[:4] for value in one.value)
    if end == AFTER_ALL:
        return f"{one.field} >= {start}"
    if start == BEFORE_ALL:
        return f"{one.field} < {end}"
    return f"{one.field} = {start}"


def _is_no_date(one: Comparison) -> bool:
    value = one.value
    if not isinstance(value, str) or value in ("0", ":"):  # the ends of all that begins so
        return False
    is_timed = is_date(value[:10]) and value[10:11] in ("T", " ")
    return not (is_date(value) or is_timed)


def _missing_words(collection: Collection) -> list[str]:
    with collection.reading() as session:
        share = session.words.filled_share()
    if share >= 1:
        return []
    there = f"the words of this collection are still being read in ({share:.0%} are there)"
    return [f"{there}, so what is found by words is not complete; ask again later"]


def _unknown(field: str, there: Sequence[str]) -> str:
    shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
    return f"no record has a field {field!r}; there are: {shown or 'none'}"


def doubts(collection: Collection, where: Filter) -> list[str]:
    """Return one line for every comparison that cannot mean what it seems to.

    A field that no record has, or that holds texts where a number is asked for, makes a filter
    pass nothing, or everything, without a word; so somebody should say it.
    """
    comparisons = [one for one in comparisons_in(where) if one.field not in OWN_FIELDS]
    found: dict[str, None] = {}
    with collection.reading() as session:
        declared = session.fields.declared()
        for field in dict.fromkeys(one.field for one in comparisons):
            types = session.fields.holds(field)
            asked = {_type(one) for one in comparisons if one.field == field} - {None}
            if not types:
                found[_unknown(field, session.fields.names())] = None
            elif asked and not asked & types:
                holds = " and ".join(sorted(types))
                found[f"the field {field!r} holds {holds}, and is compared with others"] = None
            elif "texts" in types and declared.get(field) != "anycase":
                own = [one for one in comparisons if one.field == field][:_LOOKED_AT]
                found |= dict.fromkeys(filter(None, (_spelling(session, one) for one in own)))
    return list(found)


def _spelling(session: CatalogReader, comparison: Comparison) -> str | None:
    """Return a line where values exist in other letters only: ``color = red`` for ``Red``."""
    operator, field = comparison.operator, comparison.field
    if operator not in ("eq", "ne", "in", "prefix"):
        return None
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    is_whole = operator != "prefix"
    exact: Operator = "eq" if is_whole else "prefix"
    for value in (one for one in values[:_LOOKED_AT] if isinstance(one, str) and one.strip()):
        if len(session.records.matching(Comparison(field, exact, value))):
            continue
        about = session.records.matching(Comparison(field, "contains", value))[:_SAMPLE].tolist()
        others = {
            said: None
            for one in session.records.by_number(about).values()
            for said in _texts(one.metadata.get(field))
            if (fold(said) == fold(value) if is_whole else fold(said).startswith(fold(value)))
        }
        if others:
            there = ", ".join(repr(one) for one in list(others)[:3])
            what = repr(value) if is_whole else f"that begins with {value!r}"
            return f"no record has a {field} {what}; there is {there}; letters count as written"
    return None


def _texts(value: MetadataValue | None) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _type(comparison: Comparison) -> str | None:
    value = comparison.value
    if isinstance(value, Near):
        return "places"
    if comparison.operator == "exists" or value == ():
        return None
    values = value if isinstance(value, tuple) else (value,)
    kinds = {"texts" if isinstance(one, str) else "numbers" for one in values}
    return kinds.pop() if len(kinds) == 1 else None
