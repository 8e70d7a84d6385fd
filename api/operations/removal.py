"""``binocle remove``."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from api.container import Container
from api.operations.plurals import counted
from binocle.collection.collection import Collection
from binocle.collection.indexing_lock import indexing_lock
from binocle.errors import NotFoundError
from indexer import kept_uploads


def remove_records(collection: Collection, ids: Sequence[str]) -> str:
    """Remove records by id, for good; say how many.

    Raises:
        NotFoundError: None of them is there.
    """
    with collection.writing() as session:
        pictures = session.parts.images_of_records(ids)
        removed = session.records.remove(ids)
        session.sources.mark_removed(ids)
    if not removed:
        raise NotFoundError(f"the collection has no record {', '.join(map(repr, ids))}")
    kept_uploads.drop_unused(collection, pictures)
    return f"removed {removed} of {counted(len(ids), 'record')}"


def remove_source(collection: Collection, path: str) -> str:
    """Remove a source and what came from it, by its path or name; say how much.

    Raises:
        NotFoundError: There is no such source.
    """
    with collection.indexing():
        with collection.writing() as session:
            known = session.sources.all()
            wanted = {path, str(Path(path).expanduser().absolute())}
            found = next((one for one in known if {one.uri, one.name} & wanted), None)
            lines = session.sources.ledger(found.id).values() if found else ()
            ids = [one.record_id for one in lines if one.record_id is not None]
            pictures = session.parts.images_of_records(ids)
            removed = session.sources.remove(found.id) if found else 0
        if found is None:
            there = ", ".join(one.uri for one in known) or "none"
            raise NotFoundError(f"the collection has no source {path!r}; it has: {there}")
        kept_uploads.drop_unused(collection, pictures)
    return f"removed {found.uri} and its {counted(removed, 'record')}"


def remove_collection(container: Container, name: str) -> str:
    """Remove a collection's folder; say which."""
    path = container.collection_path(name)  # it is not opened: what is damaged can be removed
    if not path.is_dir():
        raise container.no_collection(name)
    with indexing_lock(path):
        shutil.rmtree(path)
    return f"removed the collection {name!r} ({path})"
