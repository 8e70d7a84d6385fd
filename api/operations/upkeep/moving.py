"""``binocle move``: what a collection, or a service, keeps in files goes to servers."""

from collections.abc import Callable
from contextlib import suppress

from api.container import Container
from api.service_state.opening import move_state
from binocle.catalog.location import is_in_postgresql, require_driver
from binocle.collection.collection import Collection
from binocle.collection.indexing_lock import indexing_lock
from binocle.errors import StorageError
from binocle.media.kinds import KINDS
from binocle.vectors.location import ENGINE_FILE, discard_vectors, is_in_engine, place_in_engine


def move_collection(
    container: Container,
    name: str,
    *,
    catalog: str | None,
    vectors: str | None,
    tell: Callable[[str], None],
) -> None:
    """Move a collection's catalogue, its vectors for searching, or both, while it serves.

    Args:
        container: Has the home.
        name: Of the collection.
        catalog: Where its catalogue goes, an address of PostgreSQL; None to leave it.
        vectors: Where its vectors go, an address of an engine; None to leave them.
        tell: Told in a sentence what was done.

    Raises:
        NotFoundError: There is no such collection.
        UsageError: An address cannot be used.
        BusyError: A run is indexing into it.
        StorageError: Something cannot be read or written; it stays where it was.
    """
    with container.open_collection(name) as opened:
        folder = opened.path
    with indexing_lock(folder):
        if vectors is not None:
            _move_vectors(container, name, vectors, tell)
        if catalog is not None:
            was_there = is_in_postgresql(folder)
            require_driver()
            from binocle.catalog.moving import move_catalog

            count = move_catalog(folder, catalog)
            said = "was in PostgreSQL already" if was_there else f"moved, {count:,} rows"
            tell(f"the catalogue of {name}: {said}")


def _move_vectors(
    container: Container, name: str, address: str, tell: Callable[[str], None]
) -> None:
    folder = container.collection_path(name)
    if is_in_engine(folder):
        tell(f"the vectors of {name} are in an engine already")
        return
    place_in_engine(folder, address)
    try:
        with Collection(folder) as opened:
            snapshot = opened.snapshot(KINDS)
            counts = {kind: snapshot.count_parts(kind) for kind in KINDS}
            opened.save_indices()
    except StorageError:
        with suppress(StorageError):  # it cannot be reached
            discard_vectors(folder)
        (folder / ENGINE_FILE).unlink(missing_ok=True)
        raise
    total = sum(counts.values())
    tell(f"the vectors of {name}: {total:,} moved; a service that runs takes them when it starts")


def move_service(container: Container, catalog: str) -> str:
    """Move the jobs and webhooks of a home's services; say how much that was.

    Raises:
        UsageError: The address cannot be used, or a service runs.
        StorageError: Something cannot be read or written; all stays where it was.
    """
    rows = move_state(container.settings.home, catalog)
    return f"jobs and webhooks: {rows:,} rows moved"
