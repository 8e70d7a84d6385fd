"""Making a backup while others read and write.

The catalogue is copied as of one moment, of PostgreSQL into the file that SQLite would have, then
the uploads that this copy names; nothing is locked.
An upload that somebody removes in between has lost its record too, so the catalogue is copied once
more: what the backup holds belongs together.
"""

import json
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

from api.container import Container
from api.operations.backup.home_rows import home_rows
from api.operations.backup.manifest import BackedUp, Manifest, StoredFile
from api.operations.backup.source_file import UnreadableError, length_of
from api.operations.backup.targets import BackupTarget, opened_target, stored
from binocle.catalog import catalog_file
from binocle.catalog.checks.findings import some
from binocle.catalog.location import (
    SQLITE_FILE,
    catalog_path,
    copy_as_file,
    reading_as_file,
)
from binocle.collection import lineage
from binocle.errors import NotFoundError, StorageError, UsageError
from indexer.kept_uploads import NO_PICTURES, QUARANTINE, keeps_pictures
from indexer.sources.uploads import SCHEME, UploadSource

KEYS_FILE = "keys.json"
_ATTEMPTS = 5
# Made, chosen or given once, whatever the change.
_BESIDE = ("background*.npz", "*.tuned.json", "*.hashes.csv", NO_PICTURES)
_STAMPED = {"likeness": ("likeness.faiss", "likeness.hashes")}


@dataclass(slots=True)
class BackupReport:
    """What a backup did.

    Attributes:
        collections: Those that were backed up.
        files: How many files the backup has of them.
        copied: How many of these were copied; the others were there.
        copied_bytes: Their length.
        mended: How many files of an earlier backup were damaged, and are written anew.
        problems: What could not be backed up, or is not as it should be, one sentence each.
    """

    collections: tuple[str, ...]
    files: int = 0
    copied: int = 0
    copied_bytes: int = 0
    mended: int = 0
    problems: list[str] = field(default_factory=list)


def back_up(
    container: Container,
    names: Sequence[str],
    to: Path,
    *,
    with_keys: bool = False,
    with_indices: bool = False,
    verify: bool = False,
    on_progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
) -> BackupReport:
    """Back collections up into a folder, or into an archive whose name ends in ``.tar.zst``.

    What a folder holds of other collections stays. A backup that does not end leaves the one
    before as it was.

    Args:
        container: Has the home.
        names: The collections; none for all there are.
        to: Where to.
        with_keys: Take the service's API keys and webhooks too.
        with_indices: Take saved indices, which would be made anew otherwise.
        verify: Read all that an earlier backup there holds, and write anew what is damaged; else
            a part of it that is another one each day.
        on_progress: Told a collection's name, how many of its uploads are done, and of how many.

    Raises:
        NotFoundError: A collection is not there.
        UsageError: Something else is at ``to``.
        BusyError: Another backup is being written there.
        StorageError: A catalogue is damaged, or the backup cannot be written.
    """
    chosen = tuple(dict.fromkeys(names)) or tuple(container.collection_names())
    folders = {name: _folder_of(container, name) for name in chosen}
    home = container.settings.home
    if to.absolute().resolve().is_relative_to((home / "collections").resolve()):
        raise UsageError(f"{to} lies among the collections; name a folder outside {home}")
    if not chosen and not with_keys:
        raise NotFoundError(f"there are no collections in {home}")
    report = BackupReport(chosen)
    with opened_target(to, verify=verify) as target:
        manifest = target.before
        for name, folder in folders.items():
            one = _Copying(folder, target, partial(on_progress, name))
            backed_up = one.run(with_indices=with_indices)
            manifest = replace(manifest, collections={**manifest.collections, name: backed_up})
            report.files += len(backed_up.files)
            report.problems += (f"{name}: {problem}" for problem in one.problems)
        if with_keys:
            manifest = replace(manifest, keys=_keys(home / KEYS_FILE, target, report))
        manifest = _with_home(container, manifest, folders, report, with_keys=with_keys)
        for file in manifest.files():
            target.size_of(file.sha256)  # of collections that are not backed up now, too
        if report.problems and (spare := target.spare_before()):
            report.problems.append(f"the archive before stays as {spare}")
        target.finish(manifest)
        report.copied, report.copied_bytes = target.copied, target.copied_bytes
        report.mended = target.mended
        if target.damaged:
            lost = some(sorted(target.damaged))
            report.problems.append(f"files of the backup are damaged and nobody has them: {lost}")
    return report


def _folder_of(container: Container, name: str) -> Path:
    folder = container.collection_path(name)
    lineage.check_present(catalog_path(folder))
    if not catalog_path(folder).is_file():
        raise container.no_collection(name)
    return folder


def _keys(path: Path, target: BackupTarget, report: BackupReport) -> StoredFile | None:
    try:
        return stored(KEYS_FILE, target.put(path))
    except FileNotFoundError:
        problem = f"there are no keys: {path} is not there"
    except UnreadableError as error:
        problem = str(error)
    before = target.before.keys
    report.problems.append(problem + ("; those of the backup before stay" if before else ""))
    return before


def _with_home(
    container: Container,
    manifest: Manifest,
    collections: Collection[str],
    report: BackupReport,
    *,
    with_keys: bool,
) -> Manifest:
    try:
        newer = home_rows(container, collections, webhooks=with_keys)
    except StorageError as error:
        report.problems.append(f"{error}; what the backup before has of it stays")
        return manifest
    return replace(manifest, home=manifest.home.merged(newer, collections))


class _Copying:
    """The backup of one collection."""

    def __init__(
        self, folder: Path, target: BackupTarget, on_progress: Callable[[int, int], None]
    ) -> None:
        self._folder, self._target, self._on_progress = folder, target, on_progress
        self._uploads: dict[str, StoredFile] = {}
        self.problems: list[str] = []

    def run(self, *, with_indices: bool) -> BackedUp:
        """Copy a catalogue with all its uploads.

        Raises:
            StorageError: The catalogue is damaged.
        """
        with tempfile.TemporaryDirectory(dir=self._target.workplace, suffix=".tmp") as workplace:
            copy = Path(workplace) / SQLITE_FILE
            lost: dict[str, str] = {}
            for _ in range(_ATTEMPTS):
                copy.unlink(missing_ok=True)
                mark = lineage.noted(self._folder)
                copy_as_file(self._folder, copy)
                made_at = datetime.now(UTC).isoformat(timespec="seconds")
                with catalog_file.reading(copy) as session:
                    self._check(session, mark)
                    uris = session.uris(SCHEME) if keeps_pictures(self._folder) else []
                    change, records = session.change(), session.count_records()
                    token = session.token(change)
                lost = self._copy_uploads(uris)
                if not lost:
                    break
                with reading_as_file(self._folder) as session:
                    if lost.keys() <= set(session.uris(SCHEME)):
                        break  # nobody removed these: they were lost before
            files = [stored(SQLITE_FILE, self._target.put(copy))]
        files += (self._uploads[uri] for uri in uris if uri in self._uploads)
        files += self._derived(change, token, with_indices=with_indices)
        self.problems += lost.values()
        missing = tuple(sorted(lost.keys() - self._uploads.keys()))
        return BackedUp(made_at, change, records, tuple(files), missing)

    def _check(self, session: catalog_file.CatalogFile, mark: tuple[int, str] | None) -> None:
        """Refuse to put a damaged catalogue in the place of a sound one's backup."""
        misfit = lineage.misfit(mark, session)
        what = f"it {misfit}" if misfit else next(iter(session.faults()), None)
        if what is not None:
            raise StorageError(
                f"the catalogue of {self._folder} is not backed up, the backup before stays: "
                f"{what}; 'binocle doctor {self._folder.name}' tells more"
            )

    def _copy_uploads(self, uris: Sequence[str]) -> dict[str, str]:
        """Copy the uploads that are not there yet; return what is wrong with each."""
        problems = {}
        for number, uri in enumerate(uris, 1):
            if problem := self._copy_upload(uri):
                problems[uri] = problem
            self._on_progress(number, len(uris))
        return problems

    def _copy_upload(self, uri: str) -> str:
        sha256 = uri.removeprefix(SCHEME)
        path = UploadSource(self._folder).file_of(uri)
        place = path.relative_to(self._folder)
        files = (path, self._folder / QUARANTINE / place)
        if (size := self._target.size_of(sha256)) is not None:
            self._uploads[uri] = StoredFile(place.as_posix(), size, sha256)
            if size in map(length_of, files):
                return ""
            return f"the upload {sha256} is gone or damaged, and only the backup has it any more"
        self._uploads.pop(uri, None)
        problem = f"the upload {sha256} is not there"
        for file in files:
            try:
                content = self._target.put(file, sha256=sha256)
            except FileNotFoundError:
                continue
            except UnreadableError as error:
                problem = str(error)
                continue
            self._uploads[uri] = stored(place.as_posix(), content)
            return ""
        return problem

    def _derived(self, change: int, token: str | None, *, with_indices: bool) -> list[StoredFile]:
        """Copy what was made of the catalogue until a change: what each stamp says is whole."""
        found = []
        for path in chain.from_iterable(map(self._folder.glob, _BESIDE)):
            with suppress(FileNotFoundError, UnreadableError):  # it is made anew
                found.append(stored(path.name, self._target.put(path)))
        for stamp in sorted(self._folder.glob("*.stamp.json")) if with_indices else ():
            kind = stamp.name.removesuffix(".stamp.json")
            try:
                before = stamp.read_bytes()
                facts = json.loads(before)
                if facts["change"] > change or (
                    facts["change"] == change and facts["token"] != token
                ):
                    continue  # newer than the copy
                names = _STAMPED.get(kind, (f"{kind}.faiss",))
                files = [stored(name, self._target.put(self._folder / name)) for name in names]
                files.append(stored(stamp.name, self._target.put(stamp)))
                if stamp.read_bytes() == before:  # else somebody has just saved a newer one
                    found += files
            except (FileNotFoundError, UnreadableError, ValueError, KeyError, TypeError):
                continue  # it is made anew where it is missing
        return found
