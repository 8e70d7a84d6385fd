"""``binocle remove``."""

import json
import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from api.container import Container
from api.operations.plurals import counted
from api.service_state.opening import open_state
from binocle.catalog.base import CatalogWriter
from binocle.catalog.checks.mending import clear_removed, drop_queries
from binocle.catalog.location import catalog_path, discard_schema
from binocle.collection.collection import Collection
from binocle.collection.indexing_lock import indexing_lock
from binocle.errors import NotFoundError, StorageError
from binocle.vectors.location import discard_vectors
from indexer import kept_uploads

SNAPSHOTS_FOLDER = "snapshots"  # of the home: archives to be downloaded, a folder a collection
_MOST_ROWS = 500_000  # of words that are put together at once, in a few seconds
_log = logging.getLogger(__name__)


def remove_records(
    collection: Collection,
    ids: Sequence[str],
    check: Callable[[CatalogWriter], object] = lambda _: None,
) -> str:
    """Remove records by id, for good; say how many.

    Args:
        collection: Whose.
        ids: Which.
        check: Raises where they are not to be removed as they are.

    Raises:
        NotFoundError: None of them is there.
    """
    with collection.writing() as session:
        check(session)
        pictures = session.parts.images_of_records(ids)
        removed = session.records.remove(ids)
        session.sources.mark_removed(ids)
    if not removed:
        raise NotFoundError(f"the collection has no record {', '.join(map(repr, ids))}")
    kept_uploads.drop_unused(collection, pictures)
    return f"removed {removed} of {counted(len(ids), 'record')}"


def clear_traces(collection: Collection, ids: Sequence[str] = ()) -> bool:
    """Have nothing of removed records left: in saved indices, words, logs and kept queries.

    What cannot be done now is logged; ``binocle doctor --gone ID`` tells what is left.

    Args:
        collection: Whose.
        ids: The records, whose names queries may have.

    Returns:
        Whether all was done. What is in PostgreSQL's pages goes with its vacuum.
    """
    is_done = True
    catalog = catalog_path(collection.path)
    for step in (
        partial(collection.save_indices, every_change=True),
        partial(clear_removed, catalog, most_rows=_MOST_ROWS),
        partial(drop_queries, collection.path, ids),
    ):
        try:
            step()
        except StorageError as error:
            _log.warning("traces of removed records stay in %s: %s", collection.path.name, error)
            is_done = False
    return is_done


def removed_since_saved(collection: Collection, after: int = 0) -> bool:
    """Tell whether a saved index may still have what was removed.

    Args:
        collection: Whose.
        after: Removals up to this change are not asked for.
    """
    for path in collection.path.glob("*.stamp.json"):
        try:
            saved = int(json.loads(path.read_bytes())["change"])
        except (OSError, ValueError, LookupError, TypeError):
            continue  # it is made anew anyway
        with collection.reading() as session:
            if len(session.history.removed_parts(max(saved, after))):
                return True
    return False


def remove_source(collection: Collection, path: str) -> str:
    """Remove a source and what came from it, by its path or name; say how much.

    Raises:
        NotFoundError: There is no such source.
    """
    with collection.indexing():
        with collection.writing() as session:
            known = session.sources.all()
            wanted = {path, path.rstrip("/"), str(Path(path).expanduser().absolute())}
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
    """Remove a collection's folder, for which no alias may stand; say which.

    What the home keeps of it goes, too: another one of its name sees nothing of it.
    """
    path = container.own_path(name)  # it is not opened: what is damaged can be removed
    with container.aliases.removing(name):
        if not path.is_dir():
            raise container.no_collection(name)
        with indexing_lock(path):
            discard_schema(path)
            discard_vectors(path)
            shutil.rmtree(path)
        _forget(container, name)
    return f"removed the collection {name!r} ({path})"


def _forget(container: Container, name: str) -> None:
    """Remove the jobs, the archive and the saved searches of a collection that is gone.

    What cannot be removed is logged.
    """
    home = container.settings.home
    container.saved_searches.forget(name)
    shutil.rmtree(home / SNAPSHOTS_FOLDER / name, ignore_errors=True)
    try:
        with closing(open_state(home)) as state:
            if state.exists():
                with state.using() as database:
                    database.execute("DELETE FROM jobs WHERE collection = ?", (name,))
    except StorageError as error:
        _log.warning("the jobs of %r stay: %s", name, error)
