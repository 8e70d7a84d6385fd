"""Mending: what is made anew from the catalogue, moved aside, or taken away because it is half.

Nothing here loses what cannot be had again. Rows of the catalogue are not mended, but for what
follows from others; they come back from a backup.
"""

import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from api.operations.doctor import machine, pictures
from api.operations.doctor.examination import Diagnosis
from api.operations.doctor.facts import read_facts_again
from binocle.catalog import damage
from binocle.catalog.checks import mending
from binocle.catalog.checks.findings import Repair
from binocle.catalog.location import catalog_path, reading_as_file, require_driver
from binocle.collection import lineage, workplace
from binocle.collection.collection import Collection
from binocle.collection.indexing_lock import indexing_lock
from binocle.errors import StorageError
from binocle.vectors.location import discard_vectors
from indexer import kept_uploads
from indexer.sources.uploads import SCHEME

WORDS: Mapping[Repair, str] = {
    "move": "leave the catalogue in its file, and drop what a move that was cut off copied",
    "permissions": "close files to other users, and open them to this one",
    "temporary": "undo or remove what processes that are gone left half done",
    "mark": "remove catalog.mark, so that the catalogue is taken as it is",
    "queries": "remove the kept earlier queries and the key that signs cursors",
    "uploads": "put uploads that records have back from quarantine",
    "orphans": "put files among the uploads that no record has into quarantine",
    "derived": "remove thumbnails and the like that are damaged or of no record",
    "schema": "make missing indices of the catalogue's tables",
    "ledger": "have the next indexing run look again at files whose records are lost",
    "fingerprints": "remove damaged fingerprints, for the next lookup or indexing run to make anew",
    "facts": "read pictures again whose own facts are damaged, where they are as they were",
    "metadata": "write the values for filters anew from the records",
    "words": "write the words for searches anew from the records",
    "traces": "write the catalogue anew, without what removed records left in it",
    "indices": "make the saved indices anew from the catalogue",
}
"""What each repair does, in the order they are done."""

_OF_THE_CATALOGUE = frozenset({
    "schema", "ledger", "metadata", "words", "traces", "indices", "uploads", "orphans",
    "fingerprints", "facts",
})  # fmt: skip
_INTEGRITY = "catalogue"


def planned(diagnosis: Diagnosis) -> list[Repair]:
    """Return what would be done about the findings of one place, in order.

    Nothing is written into a catalogue that is damaged itself, nor moved because of what it says.
    Of one that may be the wrong one no uploads are moved, since the right one may have them.
    """
    wanted = {one.repair for one in diagnosis.findings if one.repair is not None}
    damaged = any(
        one.level == "damage" and one.repair is None and one.check.startswith(_INTEGRITY)
        for one in diagnosis.findings
    )
    if "mark" in wanted:
        wanted.discard("orphans")
    return [one for one in WORDS if one in wanted and not (damaged and one in _OF_THE_CATALOGUE)]


def repair(diagnosis: Diagnosis, wanted: Sequence[Repair]) -> None:
    """Do it.

    Raises:
        BusyError: A run is indexing into the collection.
        StorageError: Something cannot be written.
    """
    try:
        if diagnosis.name is None:
            for one in wanted:
                _HOME[one](diagnosis.folder)
            return
        with indexing_lock(diagnosis.folder):
            for one in wanted:
                if one == "traces":
                    mending.drop_traces(catalog_path(diagnosis.folder), diagnosis.record_id)
                else:
                    _COLLECTION[one](diagnosis.folder)
    except OSError as error:
        where = error.filename or diagnosis.folder
        raise StorageError(f"cannot repair {where} ({error.strerror or error})") from error


def _close_home(home: Path) -> None:
    for path in (home, home / "collections", *(home / name for name in machine.SECRETS)):
        _close(path)


def _close_files(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        _close(path)


def _close(path: Path) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(0o700 if stat.S_ISDIR(mode) else 0o600)


def _remove_drafts(folder: Path) -> None:
    for path in machine.leftovers(folder):
        path.unlink(missing_ok=True)


def _remove_home_drafts(home: Path) -> None:
    for path in home.glob("*.tmp"):
        if machine.is_abandoned(path):
            path.unlink(missing_ok=True)
    for path in machine.abandoned_workplaces(home):
        if not workplace.stuck(path):
            workplace.discard_abandoned(path)


def _remove_mark(folder: Path) -> None:
    (folder / lineage.MARK).unlink(missing_ok=True)


def _remove_queries(folder: Path) -> None:
    mending.drop_all_queries(folder)
    (folder / machine.SIGNING).unlink(missing_ok=True)


def _put_back(folder: Path) -> None:
    with Collection(folder) as collection, collection.writing() as session:
        kept_uploads.put_back(collection, session)


def _put_aside(folder: Path) -> None:
    with Collection(folder) as collection, collection.writing():
        with reading_as_file(folder) as file:
            needed = {uri.removeprefix(SCHEME) for uri in file.uris(SCHEME)}
        orphans = pictures.orphans_of(folder, needed)
        count = len(needed) + len(orphans)
        kept_uploads.put_aside(collection, orphans, uploads=count, min_age_s=0)


def _remove_derived(folder: Path) -> None:
    with reading_as_file(folder) as file:
        paths = pictures.derived_to_remove(folder, file)
        paths += [path for path, _ in pictures.damaged_caches(folder, file)]
    for path in paths:
        path.unlink(missing_ok=True)


def _make_indices(folder: Path) -> None:
    """Remove the saved indices, the stamps first, and make them anew."""
    discard_vectors(folder)
    for pattern in ("*.stamp.json", "*.faiss", "likeness.hashes"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
    with Collection(folder) as collection:
        collection.save_indices()


def _take_back(folder: Path) -> None:
    damage.allow_writing(folder)
    if (folder / damage.BEGUN_FILE).exists():
        require_driver()
        from binocle.catalog.moving import drop_begun

        drop_begun(folder)


def _of_catalog(mend: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: mend(catalog_path(folder))


_HOME: Mapping[Repair, Callable[[Path], None]] = {
    "permissions": _close_home,
    "temporary": _remove_home_drafts,
}
_COLLECTION: Mapping[Repair, Callable[[Path], None]] = {
    "move": _take_back,
    "permissions": _close_files,
    "temporary": _remove_drafts,
    "mark": _remove_mark,
    "queries": _remove_queries,
    "uploads": _put_back,
    "orphans": _put_aside,
    "derived": _remove_derived,
    "schema": _of_catalog(mending.make_indices),
    "ledger": _of_catalog(mending.look_again),
    "fingerprints": _of_catalog(mending.drop_fingerprints),
    "facts": read_facts_again,
    "metadata": _of_catalog(mending.rewrite_metadata),
    "words": _of_catalog(mending.rewrite_words),
    "indices": _make_indices,
}
assert set(WORDS) == set(get_args(Repair)) == {*_COLLECTION, "traces"}
