"""What recommendations need besides a search: which ids there are, the budget, and reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.errors import UsageError
from binocle.media.kinds import KINDS
from binocle.metadata.filters import And, Comparison, Filter, Not
from binocle.types import Float32Array, Kind
from search.query.warnings import price_field

_TELLS_WHOLE = 2.0**53  # from here on, all floating-point numbers are whole


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record is recommended.

    Attributes:
        id: The record's.
        like: The id of the example that it is most like.
        similarity: Cosine of the part that matched and that example, -1 to 1.
    """

    id: str
    like: str
    similarity: float


def known_ids(collection: Collection, ids: Sequence[str]) -> set[str]:
    """Return which of some ids there are."""
    if not ids:
        return set()
    with collection.reading() as session:
        numbers = session.records.matching(Comparison("id", "in", tuple(dict.fromkeys(ids))))
        return set(session.records.keys_of(numbers.tolist()).values())


def bounded(
    collection: Collection, *, seen: Iterable[str], field: str | None, at_most: float | None
) -> Filter | None:
    """Return the filter of what was not seen and is within a budget; None for neither.

    Args:
        collection: Whose records.
        seen: Ids of records that are not to be shown.
        field: Of numbers, such as a price; None for the one field that is named so.
        at_most: What that is at most; records without it are not within. None for any.

    Raises:
        UsageError: There is no such field, or none that is surely the price.
    """
    clauses: list[Filter] = []
    if at_most is not None:
        is_whole = abs(at_most) < _TELLS_WHOLE and float(at_most).is_integer()
        most = int(at_most) if is_whole else at_most  # as people write it
        clauses.append(Comparison(_checked(collection, field), "lte", most))
    hidden = tuple(dict.fromkeys(seen))
    if hidden:
        clauses.append(Not(Comparison("id", "in", hidden)))
    return And(tuple(clauses)) if clauses else None


def reasons_for(
    collection: Collection, found: Mapping[str, tuple[int, Kind]], examples: Sequence[str]
) -> list[Reason]:
    """Return of each record which example it is most like.

    An example is looked at as the search did: as the mean of its pictures, or of its texts. Cosines
    of a picture and a text are lower than those of two pictures, so examples of the other kind
    count only where there is none of the record's.

    Args:
        collection: Where all of them are.
        found: Records by id: the part that matched, and its kind.
        examples: Ids; those that are gone meanwhile are left out.
    """
    with collection.reading() as session:
        parts = session.parts.vectors_of([part for part, _ in found.values()])
        numbers = {one: session.records.number_of(one) for one in examples}
        own = {
            one: session.parts.vectors_of_record(number)
            for one, number in numbers.items()
            if number is not None
        }
    means: dict[Kind, dict[str, Float32Array]] = {
        kind: {one: _mean(rows[kind]) for one, rows in own.items() if rows.get(kind)}
        for kind in KINDS
    }
    told = []
    for record_id, (part, kind) in found.items():
        near = means[kind] or next(filter(None, means.values()), {})
        if part in parts and near:
            cosines = {one: float(row @ parts[part]) for one, row in near.items()}
            like = max(cosines, key=cosines.__getitem__)
            told.append(Reason(record_id, like, cosines[like]))
    return told


def _mean(rows: Sequence[Float32Array]) -> Float32Array:
    mean: Float32Array = unit_rows(np.mean(rows, axis=0)[np.newaxis])[0]
    return mean


def _checked(collection: Collection, field: str | None) -> str:
    """Return the field of a budget."""
    if field is None:
        field = price_field(collection)
        if field is None:
            raise UsageError(
                "there is not exactly one field of numbers that is named like a price; say which "
                f"field the budget is of: {_numbers(collection)}"
            )
        return field
    with collection.reading() as session:
        holds = session.fields.holds(field)
    if "numbers" not in holds:
        raise UsageError(
            f"the field {field!r} holds no numbers; of numbers are: {_numbers(collection)}"
        )
    return field


def _numbers(collection: Collection) -> str:
    names = [name for name, kind in collection.schema().items() if kind == "number"]
    return ", ".join(names[:20]) or "none"
