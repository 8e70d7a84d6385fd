"""What may have been meant by a name that there is not: collections, fields, values, ids."""

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from api.http.errors.problems import ServiceError
from api.http.mcp.lines import line_of, shortened
from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.metadata.field_types import OWN_FIELDS
from binocle.metadata.filters import Comparison, Filter, comparisons_in
from search.query.query import RELEVANCE

_MOST = 5
_ALL_NAMED = 12
_LIKE_ENOUGH = 60.0  # of 100
_MOST_COMPARED = 20_000
_MOST_VALUES = 8
_LONGEST = 80


def nearest(word: str, choices: Sequence[str], most: int = _MOST) -> list[str]:
    """Return the choices that a word is most like, nearest first; none that is unlike it."""
    found = process.extract(
        word, choices, scorer=fuzz.WRatio, processor=str.casefold, limit=most,
        score_cutoff=_LIKE_ENOUGH,
    )  # fmt: skip
    return [choice for choice, _, _ in found]


def unknown(what: str, word: str, choices: Sequence[str], field: str) -> ServiceError:
    """Return the error of a name that there is not: what there is instead.

    Args:
        what: Such as ``collection``.
        word: The name that was given.
        choices: The names that there are.
        field: The argument that had it.
    """
    near = nearest(word, choices)
    rest = [one for one in choices if one not in near][: _ALL_NAMED - len(near)]
    known = f"there are: {_listed([*near, *rest])}" if choices else f"there is no {what} at all"
    more = ", …" if len(choices) > len(near) + len(rest) else ""
    return ServiceError(404, "not-found", f"no {what} {_quoted(word)}; {known}{more}", field=field)


def check_fields(collection: Collection, names: Iterable[str], argument: str) -> None:
    """Check that there are such fields.

    Raises:
        ServiceError: There is no record with one of them; it says which fields there are.
    """
    with collection.reading() as session:
        there = session.fields.names()
    for name in names:
        if name not in there and name not in (*OWN_FIELDS, RELEVANCE):
            raise unknown("field", name, there, argument)


def check_filter(collection: Collection, where: Filter | None) -> list[str]:
    """Return a line for every value in a filter that no record has, with those most like it.

    Raises:
        ServiceError: There is no record with one of the fields; it says which fields there are.
    """
    comparisons = [one for one in comparisons_in(where) if one.field not in OWN_FIELDS]
    check_fields(collection, (one.field for one in comparisons), "filter")
    found: dict[str, None] = {}
    with collection.reading() as session:
        for one in comparisons:
            if one.operator in ("eq", "in", "ne"):
                values = one.value if isinstance(one.value, tuple) else (one.value,)
                texts = [value for value in values if isinstance(value, str)]
                for text in texts[:_MOST_VALUES]:
                    found |= dict.fromkeys(_unknown_value(session, one.field, text))
    return list(found)


def near_ids(session: CatalogReader, record_id: str) -> list[str]:
    """Return the ids most like one that there is not."""
    ids: dict[str, None] = {}
    for length in (len(record_id), *_shorter(len(record_id))):
        ids |= dict.fromkeys(_ids(session, Comparison("id", "prefix", record_id[:length])))
        if ids:
            break
    ids |= dict.fromkeys(_ids(session, Comparison("id", "contains", record_id)))
    return nearest(record_id, list(ids))


def _shorter(length: int) -> list[int]:
    """Return shorter and shorter lengths, down to the half: beginnings tell ids apart."""
    return sorted({length - 1, length - 2, 3 * length // 4, length // 2} - {-1, 0}, reverse=True)


def _ids(session: CatalogReader, where: Filter) -> list[str]:
    numbers = session.records.matching(where)[:_MOST_COMPARED].tolist()
    return list(session.records.keys_of(numbers).values())


def _unknown_value(session: CatalogReader, field: str, value: str) -> list[str]:
    if len(session.records.matching(Comparison(field, "eq", value))):
        return []
    there = session.fields.texts(field)[:_MOST_COMPARED]
    if not there:
        return []
    near = nearest(value, there) or there[:_MOST]
    return [f"no record has {field} = {_quoted(value)}; there is {_listed(near)}"]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    """Return a name in one line and not too long: it may be a record's, or an agent's."""
    return line_of(shortened(name, _LONGEST))
