"""Putting a backup back: into a folder beside the collections first, which is then renamed."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from api.container import Container
from api.operations.backup.archives import BackupSource, opened_backup
from api.operations.backup.backing_up import KEYS_FILE
from api.operations.backup.home_rows import put_back
from api.operations.backup.manifest import BackedUp, Manifest, StoredFile
from api.settings import Settings
from binocle.catalog import catalog_file
from binocle.catalog.location import (
    POSTGRESQL_FILE,
    SQLITE_FILE,
    discard_schema,
    require_driver,
)
from binocle.collection import lineage
from binocle.collection.workplace import RESTORING, workplace
from binocle.errors import NotFoundError, StorageError, UsageError
from binocle.files import make_folder, sync_folder
from binocle.vectors.location import ENGINE_FILE, discard_vectors, place_in_engine

_OF_SERVERS = {POSTGRESQL_FILE, ENGINE_FILE}  # whose schemas would be removed with them
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Restored:
    """A collection that was put back.

    Attributes:
        name: What it is called now.
        made_at: When it was backed up.
        records: How many records it has.
        missing: Uploads that the backup lacks: they were gone or damaged when it was made.
    """

    name: str
    made_at: str
    records: int
    missing: tuple[str, ...]


def restore(
    container: Container,
    source: Path,
    names: Sequence[str],
    *,
    new_name: str | None = None,
    with_keys: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Restored]:
    """Put collections of a backup back, with aliases and saved searches. Nothing is written over.

    They have their catalogues and vectors where collections that are made now have them.

    Args:
        container: Has the home, and says where that is.
        source: The backup.
        names: The collections; none for all in the backup.
        new_name: What the one collection is to be called.
        with_keys: Put the service's API keys and webhooks back too.
        tell: Told in a sentence what of aliases, saved searches and webhooks stays as it is.

    Raises:
        UsageError: A collection of that name is there, or keys are; or several would get one name.
        NotFoundError: There is no backup, or it lacks what is wanted.
        StorageError: The backup is not whole or is damaged; nothing was put back.
    """
    with opened_backup(source) as backup:
        manifest = backup.manifest()
        chosen = _chosen(manifest, names, backup.path)
        if new_name is not None and len(chosen) != 1:
            raise UsageError(f"--as renames one collection; the backup has {', '.join(chosen)}")
        targets = {name: container.own_path(new_name or name) for name in chosen}
        for folder in targets.values():
            _check_free(container, folder)
        keys = _keys_target(container, manifest, backup.path) if with_keys else None
        try:
            collections = container.settings.home / "collections"
            make_folder(collections)
            with workplace(collections, RESTORING) as place:
                found = _extracted(backup, manifest, chosen, place, with_keys=keys is not None)
                with ExitStack() as undoing:
                    for name in targets:
                        _to_servers(place / name, container.settings, undoing)
                    for name, folder in targets.items():
                        _settle(place / name, folder)
                if keys is not None:
                    os.link(place / KEYS_FILE, keys)
                    sync_folder(keys.parent)
        except OSError as error:
            where = container.settings.home
            raise StorageError(f"cannot restore to {where} ({error.strerror or error})") from error
    called = {name: folder.name for name, folder in targets.items()}
    put_back(container, manifest.home, called, webhooks=with_keys, tell=tell)
    return [
        Restored(targets[name].name, one.made_at, one.records, one.missing)
        for name, one in found.items()
    ]


def _check_free(container: Container, folder: Path) -> None:
    """Refuse to put a collection where one is, or where an alias leads elsewhere."""
    remedy = "choose another name with --as NAME, or remove it first"
    if folder.name in container.aliases.all():
        raise UsageError(f"{folder.name!r} is an alias; {remedy}")
    if folder.exists():
        raise UsageError(
            f"there is a collection {folder.name!r} already, and nothing is written over: {remedy}"
        )


def check_backup(source: Path) -> tuple[Manifest, list[str]]:
    """Read a whole backup; return what it holds, and what is wrong with it, a sentence each.

    Raises:
        NotFoundError: There is none.
        StorageError: It is not whole.
    """
    with opened_backup(source) as backup:
        manifest = backup.manifest()
        files = {one.sha256: one for one in manifest.files()}
        wrong = backup.extract({sha256: [] for sha256 in files})
    return manifest, [f"{files[one].path} ({one}): {what}" for one, what in wrong.items()]


def _chosen(manifest: Manifest, names: Sequence[str], where: Path) -> dict[str, BackedUp]:
    there = manifest.collections
    if missing := [name for name in names if name not in there]:
        raise NotFoundError(
            f"the backup {where} has no collection {missing[0]!r}; it has: {', '.join(there)}"
        )
    return {name: there[name] for name in (dict.fromkeys(names) or there)}


def _keys_target(container: Container, manifest: Manifest, where: Path) -> Path:
    target = container.settings.home / KEYS_FILE
    if manifest.keys is None:
        raise NotFoundError(f"the backup {where} has no keys; they are kept with --keys only")
    if target.exists():
        raise UsageError(f"there are keys already ({target}); move the file away first")
    return target


def _extracted(
    backup: BackupSource,
    manifest: Manifest,
    chosen: Mapping[str, BackedUp],
    workplace: Path,
    *,
    with_keys: bool,
) -> Mapping[str, BackedUp]:
    """Write and check all that is wanted.

    Raises:
        StorageError: A file is damaged or missing.
    """
    wanted: dict[str, list[Path]] = defaultdict(list)
    for name, one in chosen.items():
        (workplace / name).mkdir(mode=0o700)
        for file in one.files:
            place = _place(workplace / name, file)
            make_folder(place.parent)
            wanted[file.sha256].append(place)
    if with_keys and manifest.keys is not None:
        wanted[manifest.keys.sha256].append(workplace / KEYS_FILE)
    wrong = backup.extract(wanted)
    if wrong:
        sha256, what = next(iter(wrong.items()))
        raise StorageError(
            f"the backup {backup.path} is damaged, and nothing was put back: {len(wrong):,} of "
            f"{len(wanted):,} files, such as {wanted[sha256][0].relative_to(workplace)}: {what}"
        )
    for name in chosen:
        _accept(workplace / name)
    return chosen


def _place(folder: Path, file: StoredFile) -> Path:
    """Return where a file goes, inside the folder whatever a manifest says."""
    path = PurePosixPath(file.path)
    is_strange = path.is_absolute() or ".." in path.parts or path.name in _OF_SERVERS
    if is_strange or not _SHA256.fullmatch(file.sha256):
        raise StorageError(f"the manifest names {file.path!r}, which no backup has")
    return folder / path


def _accept(folder: Path) -> None:
    """Check a catalogue, and note its newest change beside it as the one this folder is of."""
    with catalog_file.reading(folder / SQLITE_FILE) as session:
        if faults := session.faults():
            raise StorageError(f"the backup's catalogue of {folder.name!r} is damaged: {faults[0]}")
        change = session.change()
        token = session.token(change)
    if token is not None:
        lineage.note(folder, change, token)


def _to_servers(draft: Path, settings: Settings, undoing: ExitStack) -> None:
    """Put a catalogue and vectors where those of new collections go; undone unless it settles."""
    if settings.catalog is None and settings.vectors is None:
        return
    undoing.callback(_leave_servers, draft)
    if settings.vectors is not None:
        place_in_engine(draft, settings.vectors)
    if settings.catalog is not None:
        require_driver()
        from binocle.catalog.moving import move_catalog

        move_catalog(draft, settings.catalog)


def _leave_servers(draft: Path) -> None:
    if draft.is_dir():
        discard_vectors(draft)
        discard_schema(draft)


def _settle(draft: Path, folder: Path) -> None:
    """Let a collection that is all there take its place."""
    os.sync()
    os.rename(draft, folder)  # noqa: PTH104 - unlike a file's, it replaces nothing that is not empty
    sync_folder(folder.parent)
