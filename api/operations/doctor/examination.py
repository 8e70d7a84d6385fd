"""Examining collections: all checks in order, none of which changes anything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from api.container import Container
from api.operations.doctor import indices, machine, pictures
from api.operations.hash_lists.kept_lists import damages_of
from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks import content, derived, moves, server, structure
from binocle.catalog.checks.findings import Finding, Repair, fact
from binocle.catalog.location import (
    SQLITE_FILE,
    catalog_path,
    is_in_postgresql,
    reading_as_file,
)
from binocle.collection import lineage
from binocle.errors import BinocleError, StorageError

_RESTORE = "restore the collection from a backup"
_SERVER = "see whether the server runs and has this schema; else restore a backup"
_LISTS = "no picture is looked up until then"
_ANEW: Mapping[str, Repair] = {"words": "words", "metadata": "metadata", "index": "indices"}
_TABLES = (
    structure.check_schema, structure.check_counters, structure.check_space,
    structure.check_sources,
    content.check_records, content.check_parts, content.check_places,
    content.check_vectors, content.check_alike,
    content.check_fingerprints, content.check_ledger, content.check_fields,
    content.check_rules,
    derived.check_metadata, derived.check_words,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found in one place.

    Attributes:
        name: The collection; None for the home and the machine.
        folder: Where it lies.
        findings: In the order of the checks.
        record_id: The removed record whose traces were looked for; None for anything else.
        is_examined: Whether its catalogue was looked into, and what follows from it.
    """

    name: str | None
    folder: Path
    findings: tuple[Finding, ...]
    record_id: str | None = None
    is_examined: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether no damage was found."""
        return all(one.level == "fact" for one in self.findings)


def examine(
    container: Container,
    names: Sequence[str],
    *,
    with_contents: bool = True,
    on_progress: Callable[[str], None] = lambda _step: None,
) -> list[Diagnosis]:
    """Examine a home and collections of it.

    Args:
        container: Has the home.
        names: The collections; none for all folders there are.
        with_contents: Read every picture and hold it against its SHA-256.
        on_progress: Told what is looked at.

    Raises:
        NotFoundError: A collection is not there.
    """
    home = container.settings.home
    folders = {name: container.collection_path(name) for name in names}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise container.no_collection(name)
    if not names and (home / "collections").is_dir():
        there = sorted((home / "collections").iterdir())
        folders = {one.name: one for one in there if one.is_dir() and one.name[0] != "."}
    on_progress("the home and the machine")
    of_home = [*guarded("home", machine.check_home(home)), *machine.check_versions()]
    diagnoses = [Diagnosis(None, home, tuple(of_home))]
    for name, folder in folders.items():
        on_progress(f"the collection {name}")
        found = tuple(examine_collection(folder, with_contents=with_contents))
        is_lost = is_in_postgresql(folder) and any(one.check == "catalogue" for one in found)
        diagnoses.append(Diagnosis(name, folder, found, is_examined=not is_lost))
    return diagnoses


def examine_collection(folder: Path, *, with_contents: bool = True) -> Iterator[Finding]:
    """Find what is wrong with the collection in a folder.

    Args:
        folder: Its folder.
        with_contents: Read every picture and hold it against its SHA-256.
    """
    catalog, is_remote = catalog_path(folder), is_in_postgresql(folder)
    yield from guarded("permissions", machine.check_folder(folder))
    yield from (Finding("hash-lists", one, _LISTS) for one in damages_of(folder))
    if is_remote and (folder / SQLITE_FILE).exists():
        message = f"{folder} has two catalogues, {catalog.name} and {SQLITE_FILE}"
        yield Finding("catalogue", message, "move the one away that it should not have")
    if not is_remote and (not catalog.is_file() or not catalog.stat().st_size):
        what = "is empty" if catalog.is_file() else "is gone"
        if catalog.is_file() and lineage.lies_beside(catalog) is None:
            message = f"the collection {folder.name} was begun, and nothing is in it yet"
            yield fact("catalogue", message, "index into it again, or remove its folder")
            return
        yield Finding("catalogue", f"the catalogue {catalog} {what}", _RESTORE)
        return
    yield from moves.check_moves(folder)
    yield from machine.check_room(folder, 0 if is_remote else catalog.stat().st_size)
    mark_file = folder / lineage.MARK
    mark = lineage.noted(folder)
    if mark is None and mark_file.exists():
        message = f"{mark_file}, the note of the newest change, is damaged"
        yield Finding("mark", message, "--repair removes it", repair="mark")
    try:
        with reading_as_file(folder) as file:
            if is_remote:
                yield from guarded("catalogue", server.check_server(folder))
            yield from _examine_catalog(folder, file, mark, with_contents=with_contents)
    except StorageError as error:
        yield Finding("catalogue", str(error), _SERVER if is_remote else _RESTORE)


def _examine_catalog(
    folder: Path, file: CatalogFile, mark: tuple[int, str] | None, *, with_contents: bool
) -> Iterator[Finding]:
    before = [*guarded("catalogue-format", structure.check_format(file))]
    yield from before
    yield from guarded("catalogue-integrity", structure.check_file(file))
    if before:
        return
    misfit = lineage.misfit(mark, file)
    if misfit is not None:
        right = (
            "schema of PostgreSQL back"
            if file.is_copy
            else f"{SQLITE_FILE} back, with its -wal file"
        )
        yield Finding(
            "mark", f"the catalogue {misfit}",
            f"put the right {right}, or restore a backup; --repair goes on with this one, as it is",
            repair="mark",
        )  # fmt: skip
    if mark is None and file.change() and not (folder / lineage.MARK).exists():
        message = f"nothing notes the newest change, since there is no {lineage.MARK}"
        yield fact("mark", message, "the next write makes it")
    for check in _TABLES:
        yield from guarded(check.__name__.removeprefix("check_"), check(file))
    for name, further in (
        ("index", partial(indices.check_indices, folder)),
        ("uploads", partial(pictures.check_uploads, folder, with_contents=with_contents)),
        ("derived", partial(pictures.check_derived, folder)),
        ("derived", partial(pictures.check_caches, folder)),
        ("originals", partial(pictures.check_originals, folder)),
    ):
        if name != "originals" or with_contents:
            yield from guarded(name, further(file))


def guarded(check: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield what a check finds; where damage stops it, that is a finding too."""
    try:
        yield from findings
    except (BinocleError, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        message = f"it cannot be examined further: {' '.join(str(error).split())}"
        mend = _ANEW.get(check)
        yield Finding(check, message, "--repair makes it anew" if mend else _RESTORE, repair=mend)
