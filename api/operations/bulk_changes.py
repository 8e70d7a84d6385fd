"""Changing and removing all records that pass a filter."""

from collections.abc import Mapping
from dataclasses import dataclass

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.errors import UsageError
from binocle.metadata.filters import Filter
from binocle.types import MetadataValue
from indexer import kept_uploads
from search.query.spellings import checked_filter

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Matching:
    """The records that pass a filter.

    Attributes:
        ids: Theirs, in the order they were first stored.
        changed: How many were changed.
    """

    ids: tuple[str, ...]
    changed: int = 0

    @property
    def shown(self) -> list[str]:
        """The first of their ids."""
        return list(self.ids[:_SHOWN])


def find_matching(collection: Collection, where: Filter) -> Matching:
    """Return the records that pass a filter; nothing is changed."""
    with collection.reading() as session:
        return Matching(_ids(collection, session, where))


def update_matching(
    collection: Collection,
    where: Filter,
    *,
    metadata: Mapping[str, MetadataValue | None],
    expected: int | None = None,
) -> Matching:
    """Set metadata fields of all records that pass a filter, as one change.

    Args:
        collection: Whose.
        where: Which.
        metadata: New values by field, None removing one.
        expected: How many there should be; None for however many there are.

    Raises:
        UsageError: There are not as many, or a value cannot be stored; nothing was changed.
    """
    with collection.writing() as session:
        ids = _expected(_ids(collection, session, where), expected)
        return Matching(ids, session.records.patch(dict.fromkeys(ids, metadata)))


def remove_matching(
    collection: Collection, where: Filter, *, expected: int | None = None
) -> Matching:
    """Remove all records that pass a filter, for good; as ``update_matching``."""
    with collection.writing() as session:
        ids = _expected(_ids(collection, session, where), expected)
        pictures = session.parts.images_of_records(ids)
        removed = session.records.remove(ids)
        session.sources.mark_removed(ids)
    kept_uploads.drop_unused(collection, pictures)
    return Matching(ids, removed)


def _ids(collection: Collection, session: CatalogReader, where: Filter) -> tuple[str, ...]:
    meant = checked_filter(collection, where) or where
    numbers = sorted(session.records.matching(meant).tolist())
    names = session.records.keys_of(numbers)
    return tuple(names[one] for one in numbers)


def _expected(ids: tuple[str, ...], expected: int | None) -> tuple[str, ...]:
    if expected is not None and len(ids) != expected:
        raise UsageError(
            f"{len(ids):,} records pass the filter, not {expected:,}; nothing was changed, "
            "do the dry run again"
        )
    return ids
