"""Snapshots of collections, one archive each, kept until the next one to be downloaded."""

import base64
import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.container import Container
from api.http.errors.problems import ServiceError
from api.operations.backup.backing_up import BackupReport, back_up
from api.operations.backup.targets import ARCHIVE_SUFFIX
from api.operations.removal import SNAPSHOTS_FOLDER
from binocle.files import make_folder, sync_folder

_ABANDONED_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """An archive, as 'binocle restore' takes it.

    Attributes:
        size_bytes: Its length.
        sha256: Of its bytes, hex.
        made_at: When; ISO 8601, UTC.
    """

    size_bytes: int
    sha256: str
    made_at: str

    @property
    def digest(self) -> str:
        """The header ``Repr-Digest`` (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"


class Snapshots:
    """The archives of a data home."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.folder = container.settings.home / SNAPSHOTS_FOLDER

    def make(
        self, collection: str, job_id: str, on_progress: Callable[[int, int], None], *, made_at: str
    ) -> tuple[SnapshotFile, BackupReport]:
        """Write an archive of a collection; the one before goes when it is whole.

        Raises:
            BinocleError: As for ``back_up``; the one before stays.
        """
        folder = self.folder / collection
        make_folder(folder)
        for left in folder.glob(f".*{ARCHIVE_SUFFIX}.*"):  # of one that was killed
            if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)
        to = folder / f"{job_id}{ARCHIVE_SUFFIX}"
        report = back_up(
            self._container, [collection], to,
            on_progress=lambda _, done, total: on_progress(done, total),
        )  # fmt: skip
        with to.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        for other in folder.glob(f"*{ARCHIVE_SUFFIX}"):
            if other != to:
                other.unlink(missing_ok=True)
        sync_folder(folder)
        return SnapshotFile(to.stat().st_size, sha256, made_at), report

    def path(self, collection: str, job_id: str) -> Path:
        """Return where an archive lies.

        Raises:
            ServiceError: 410, it is not kept any more.
        """
        path = self.folder / collection / f"{job_id}{ARCHIVE_SUFFIX}"
        if not path.is_file():
            detail = "the last snapshot of a collection is kept until it is removed; make another"
            raise ServiceError(410, "gone", detail)
        return path

    def remove(self, collection: str, job_id: str) -> None:
        """Remove an archive.

        Raises:
            ServiceError: 410, it is not there any more.
        """
        self.path(collection, job_id).unlink(missing_ok=True)
