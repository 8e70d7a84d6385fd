"""The proof that nothing of a removed record is left."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from api.container import Container
from api.operations.doctor import indices, pictures
from api.operations.doctor.examination import Diagnosis, guarded
from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks import remains
from binocle.catalog.checks.findings import Finding, some
from binocle.catalog.location import catalog_path, reading_as_file
from binocle.media.kinds import KINDS
from binocle.types import Int64Array, Space
from binocle.vectors.location import held_ids
from indexer.kept_uploads import QUARANTINE
from indexer.sources.uploads import SCHEME


def examine_gone(container: Container, name: str, record_id: str) -> Diagnosis:
    """Look for what a removed record may have left: rows, bytes, vectors, pictures, queries.

    What a record had is not known any more when it is gone. So whatever nobody has counts: a
    vector of a removed part, a picture of no record, a word that no text says.

    Args:
        container: Has the home.
        name: The collection.
        record_id: The record.

    Raises:
        NotFoundError: There is no such collection.
        StorageError: Its catalogue cannot be read.
    """
    folder = container.collection_path(name)
    if not catalog_path(folder).is_file():
        raise container.no_collection(name)
    with reading_as_file(folder) as file:
        found = [
            finding
            for findings in (
                remains.check_rows(file, record_id),
                remains.check_bytes(file, record_id),
                remains.check_queries(folder, record_id),
                _check_vectors(folder, file),
                _check_pictures(folder, file),
            )
            for finding in guarded("gone", findings)
        ]
    return Diagnosis(name, folder, tuple(found), record_id)


def _check_vectors(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find saved vectors and fingerprints of parts that are gone."""
    space = file.value("space")
    if space is None:
        return
    for kind in KINDS:
        saved = held_ids(folder / kind, Space(**json.loads(space)))
        yield from _left(file, saved, f"the saved {kind} index", f"kind = '{kind}'")
    saved = indices.saved_fingerprints(folder)
    yield from _left(file, saved, "the saved fingerprints", "kind = 'image'")


def _left(file: CatalogFile, saved: Int64Array, what: str, where: str) -> Iterator[Finding]:
    rows = file.rows(f"SELECT id FROM parts WHERE {where}")  # noqa: S608 - constants of this module
    gone = np.setdiff1d(saved, np.array([row[0] for row in rows], np.int64))
    if len(gone):
        message = f"{what} has removed parts: {some(gone.tolist())}"
        yield Finding("gone", message, "--repair makes it anew", repair="indices")


def _check_pictures(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find pictures that no record has, one of which may be its."""
    needed = {uri.removeprefix(SCHEME) for uri in file.uris(SCHEME)}
    orphans = [
        *pictures.orphans_of(folder, needed),
        *(one for one in (folder / QUARANTINE).rglob("*") if one.is_file()),
    ]
    if orphans:
        names = some(one.relative_to(folder) for one in orphans)
        message = f"pictures of no record are kept, and one may be its: {names}"
        yield Finding("gone", message, "look at them and remove them")
    if derived := pictures.derived_to_remove(folder, file):
        names = some(one.relative_to(folder) for one in derived)
        message = f"thumbnails and the like of no record are kept: {names}"
        yield Finding("gone", message, "--repair removes them", repair="derived")
