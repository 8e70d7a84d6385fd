"""Pictures that came over HTTP, kept beside the catalogue by their SHA-256.

One order of writing: a picture is on disk, its name too, before the transaction whose record refers
to it; what is removed goes after the transaction that took the last reference away is on disk. So a
crash or a power cut may leave a picture that nobody needs, and never a record without its picture.

``sweep`` puts such leftovers aside when the service starts; it removes no original, since a record
may be missing for another reason than the picture's being unneeded. Removing and putting aside hold
the catalogue's write lock, and storing looks again under it, so neither undoes the other, in
whichever process.
"""

import hashlib
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from binocle.catalog.base import CatalogReader, CatalogWriter
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError
from binocle.files import make_folder, replacing, sync_folder
from indexer.sources.base import ImageRef
from indexer.sources.uploads import UploadSource, uri_of
from indexer.stored_media import DERIVED

QUARANTINE = "quarantine"
NO_PICTURES = "no-pictures"  # a file that says that a collection keeps none
Stamp: TypeAlias = tuple[int, int, int, int]
_NAME = re.compile(r"([0-9a-f]{64})(-\d+\.(jpg|webp))?")
_MIN_AGE_S = 7 * 24 * 3600.0
_FEW, _MOST_SHARE = 20, 0.1
_log = logging.getLogger(__name__)


@contextmanager
def storing(
    collection: Collection, ids: Iterable[str], pictures: Sequence[ImageRef]
) -> Iterator[CatalogWriter]:
    """Give the transaction that stores records, with the order of writing kept around it.

    Args:
        collection: Where to.
        ids: Of the records; what those of the same ids had, and no record has any more, is removed.
        pictures: Of the records.

    Raises:
        StorageError: Nothing was stored.
    """
    kept = keep(collection, pictures)
    with collection.writing() as session:
        former = session.parts.images_of_records(ids)
        yield session
        keep(collection, pictures, kept)  # a removal may have taken one meanwhile
    drop_unused(collection, former)


def keeps_pictures(folder: Path) -> bool:
    """Tell whether the collection of a folder keeps the pictures that come over HTTP."""
    return not (folder / NO_PICTURES).exists()


def keep_no_pictures(collection: Collection) -> None:
    """Have a collection keep no picture that comes from now on, only what is made of it.

    Raises:
        StorageError: That cannot be noted.
    """
    try:
        with replacing(collection.path / NO_PICTURES) as file:
            file.write(b"")
    except OSError as error:
        message = f"cannot write {collection.path / NO_PICTURES} ({error.strerror})"
        raise StorageError(message) from error


def keep(
    collection: Collection, pictures: Iterable[ImageRef], kept: Mapping[Path, Stamp] | None = None
) -> dict[Path, Stamp]:
    """Have the pictures of a request on disk, so that they survive a crash.

    A file that is there may be damaged, or be of a request that failed before it was on disk: it is
    read and synchronised, and written anew where it is not what its name says.

    Args:
        collection: Where to.
        pictures: Of ``uploaded_image``.
        kept: What an earlier call for them returned; what is unchanged since is not looked at.

    Returns:
        What tells the files that were looked at from others of their names; nothing where the
        collection keeps no pictures.

    Raises:
        StorageError: One cannot be written.
    """
    if not keeps_pictures(collection.path):
        return {}
    uploads, before = UploadSource(collection.path), kept or {}
    try:
        named = {uploads.file_of(one.uri): one for one in pictures}
        wanted = {
            path: one
            for path, one in named.items()
            if path not in before or before[path] != _stamp_of(path)
        }
        for folder in {path.parent for path in wanted}:
            make_folder(folder)
        for folder in (collection.path, uploads.path) if wanted else ():
            sync_folder(folder)  # whoever made what is in it may have failed to
        for path, one in wanted.items():
            if _is_whole(path):
                sync_folder(path.parent)
            else:
                with replacing(path) as file:
                    file.write(one.read())
        return {path: stamp for path in wanted if (stamp := _stamp_of(path))}
    except OSError as error:
        message = f"cannot store an upload in {collection.path} ({error.strerror})"
        raise StorageError(message) from error


def _stamp_of(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _is_whole(path: Path) -> bool:
    """Tell whether a file is what its name says, and have it on disk if so."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                return False
            os.fsync(file.fileno())
            return True
    except OSError:  # it is written anew, or cannot be written either
        return False


def drop_unused(collection: Collection, pictures: Iterable[bytes]) -> int:
    """Remove those pictures that no record has any more; return how many files.

    What cannot be removed now is left for ``sweep``, and logged.

    Args:
        collection: Where they are.
        pictures: Their SHA-256: of records that were removed or replaced.
    """
    hashes = set(pictures)
    if not hashes:
        return 0
    try:
        with collection.reading() as session:
            if not _unused(collection.path, session, hashes):
                return 0
        with collection.writing() as session:  # so that no record comes to need one meanwhile
            unused = _unused(collection.path, session, hashes)
            for path in unused:
                path.unlink(missing_ok=True)
    except (BinocleError, OSError) as error:
        _log.warning("unused pictures of %s stay for now: %s", collection.path.name, error)
        return 0
    return len(unused)


def sweep(collection: Collection) -> int:
    """Put aside the uploads that no record has, and remove what was made of such pictures.

    An upload is moved to the folder ``quarantine``, under the same name, when it is older than a
    week, so that whoever finds it missing can move it back; what a record refers to comes back by
    itself. Where more than a tenth of all uploads, and more than a few, seem to be unneeded, the
    catalogue is more likely wrong than they are: none is moved, and a warning says so.

    Returns:
        How many files were removed or put aside.
    """
    uploads = UploadSource(collection.path).path
    derived = [collection.path / one for one in DERIVED]
    here = _hashes_in([uploads])
    unmade = _hashes_in(derived)
    if not (here or unmade or (collection.path / QUARANTINE).exists()):
        return 0
    try:
        with collection.writing() as session:  # so that no record comes to need one meanwhile
            unused = _unused(collection.path, session, here | unmade)
            put_back(collection, session)
            files = [one for one in unused if not one.is_relative_to(uploads)]
            for path in files:
                path.unlink(missing_ok=True)
            orphans = [one for one in unused if one.is_relative_to(uploads)]
            return len(files) + put_aside(collection, orphans, uploads=len(here))
    except (BinocleError, OSError) as error:
        _log.warning("unused pictures of %s stay for now: %s", collection.path.name, error)
        return 0


def put_aside(
    collection: Collection, orphans: Sequence[Path], *, uploads: int, min_age_s: float = _MIN_AGE_S
) -> int:
    """Move uploads that no record has to quarantine, unless they are too many; return how many.

    Args:
        collection: Whose write lock is held since they were looked for.
        orphans: Among the uploads.
        uploads: How many uploads there are in all.
        min_age_s: Younger ones stay.

    Raises:
        OSError: One cannot be moved.
    """
    name = collection.path.name
    if are_too_many(len(orphans), uploads):
        _log.warning(
            "%d of %d uploads of %s have no record, which is too many to believe: they stay; "
            "compare the catalogue with a backup",
            len(orphans), uploads, name,
        )  # fmt: skip
        return 0
    oldest = time.time() - min_age_s
    old = [one for one in orphans if one.lstat().st_mtime <= oldest]
    for path in old:
        _move(path, collection.path / QUARANTINE / path.relative_to(collection.path))
    if orphans:
        _log.info(
            "uploads of %s without a record: %d put into quarantine, %d younger ones stay",
            name, len(old), len(orphans) - len(old),
        )  # fmt: skip
    return len(old)


def are_too_many(orphans: int, uploads: int) -> bool:
    """Tell whether so many uploads without a record are more likely records that are lost."""
    return orphans > max(_FEW, _MOST_SHARE * uploads)


def put_back(collection: Collection, session: CatalogReader) -> int:
    """Move back what lies in quarantine and a record refers to; return how many files.

    Args:
        collection: Where it lies.
        session: Of ``collection.writing()``, so that no record goes meanwhile.

    Raises:
        OSError: One cannot be moved.
    """
    uploads, quarantine = UploadSource(collection.path), collection.path / QUARANTINE
    hashes = _hashes_in([quarantine / uploads.path.name])
    hashes = {one for one in hashes if not uploads.file_of(uri_of(one)).exists()}
    uris = session.parts.uris_of_images(hashes)
    needed = [uri_of(one) for one in hashes if uri_of(one) in uris.get(one, ())]
    for path in map(uploads.file_of, needed):
        _move(quarantine / path.relative_to(collection.path), path)
    if needed:
        _log.warning("%d uploads of %s came back from quarantine: a record has them",
                     len(needed), collection.path.name)  # fmt: skip
    return len(needed)


def _move(path: Path, to: Path) -> None:
    make_folder(to.parent)
    path.replace(to)
    sync_folder(to.parent)
    sync_folder(path.parent)


def _hashes_in(folders: Iterable[Path]) -> set[bytes]:
    """Return the SHA-256 of all pictures that folders have a file of."""
    return {
        bytes.fromhex(match[1])
        for folder in folders
        for path in folder.glob("??/*")
        if (match := _NAME.fullmatch(path.name))
    }


def _unused(folder: Path, session: CatalogReader, hashes: Iterable[bytes]) -> list[Path]:
    """Return the files of pictures that no part refers to: uploads, thumbnails, copies."""
    uploads = UploadSource(folder)
    uris = session.parts.uris_of_images(hashes)
    found: list[Path] = []
    for sha256 in hashes:
        name = sha256.hex()
        if sha256 not in uris:
            for derived in DERIVED:
                found += (folder / derived / name[:2]).glob(f"{name}*")
        if uri_of(sha256) not in uris.get(sha256, ()):
            found.append(uploads.file_of(uri_of(sha256)))
    return [path for path in found if path.exists()]
