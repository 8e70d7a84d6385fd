"""``binocle remove``."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from api.wiring import Workshop
from binocle.catalog import reading, writing
from binocle.collection import Collection
from binocle.errors import NotFoundError


def remove_records(collection: Collection, ids: Sequence[str]) -> str:
    """Remove records by id, for good; say how many.

    Raises:
        NotFoundError: None of them is there.
    """
    with collection.writing() as connection:
        removed = writing.remove_records(connection, ids)
        writing.mark_removed(connection, ids)
    if not removed:
        raise NotFoundError(f"the collection has no record {', '.join(map(repr, ids))}")
    return f"removed {removed} of {len(ids)} records"


def remove_source(collection: Collection, path: str) -> str:
    """Remove a source and what came from it, by its path or name; say how much.

    Raises:
        NotFoundError: There is no such source.
    """
    with collection.indexing(), collection.writing() as connection:
        known = reading.all_sources(connection)
        wanted = {path, str(Path(path).expanduser().absolute())}
        for source in known:
            if {source.uri, source.name} & wanted:
                removed = writing.remove_source(connection, source.id)
                return f"removed {source.uri} and its {removed} records"
    there = ", ".join(source.uri for source in known) or "none"
    raise NotFoundError(f"the collection has no source {path!r}; it has: {there}")


def remove_collection(workshop: Workshop, name: str) -> str:
    """Remove a collection's folder; say which."""
    path = workshop.collection_path(name)
    with workshop.open_collection(name) as collection, collection.indexing():
        shutil.rmtree(path)
    return f"removed the collection {name!r} ({path})"
