"""The folder of a new collection, and where it has its catalogue and its vectors."""

from contextlib import suppress
from pathlib import Path

from binocle.catalog.location import catalog_path, make_in_postgresql
from binocle.errors import BinocleError, StorageError
from binocle.files import make_folder
from binocle.vectors.location import place_in_engine


def make_place(path: Path, catalog: str | None, vectors: str | None) -> Path:
    """Make the folder of a collection; return the file that is, or names, its catalogue.

    Where a server refuses, no empty folder is left.

    Args:
        path: The folder.
        catalog: Where its catalogue is, an address of PostgreSQL; None for an SQLite file.
        vectors: Where it searches its vectors, an engine's address; None for FAISS.

    Raises:
        UsageError: An address cannot be used.
        StorageError: The folder cannot be made, or a server refuses.
    """
    try:
        make_folder(path)
    except OSError as error:
        raise StorageError(f"cannot make the folder {path} ({error.strerror})") from error
    try:
        if vectors is not None:
            place_in_engine(path, vectors)
        return catalog_path(path) if catalog is None else make_in_postgresql(path, catalog)
    except BinocleError:
        with suppress(OSError):  # something is there, as of another process that makes it
            path.rmdir()
        raise
