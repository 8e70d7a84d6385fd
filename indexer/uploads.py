"""Pictures that came over HTTP, kept beside the catalogue by their SHA-256.

A picture is written before the transaction whose record refers to it, and removed after the one
that takes the last reference away; so a crash may leave a picture that nobody needs, and never a
record without its picture. What is left so is removed when the service starts. Removing holds
the catalogue's write lock, and storing looks again under it, so neither undoes the other, in
whichever process.
"""

import logging
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError
from binocle.types import NewRecord

SCHEME = "upload:"
_UPLOADS, _DERIVED = "uploads", ("thumbnails", "originals")
_NAME = re.compile(r"([0-9a-f]{64})(-\d+\.jpg)?")
_log = logging.getLogger(__name__)


def uri_of(sha256: bytes) -> str:
    """Return the uri of a picture that is kept here."""
    return SCHEME + sha256.hex()


def path_of(folder: Path, uri: str) -> Path:
    """Return the file of an upload's uri."""
    name = uri.removeprefix(SCHEME)
    return folder / _UPLOADS / name[:2] / name


def store(
    collection: Collection, records: Sequence[NewRecord], pictures: Mapping[bytes, bytes]
) -> None:
    """Store records and remove the pictures that only their former versions had.

    Args:
        collection: Where to.
        records: As for ``Collection.upsert``.
        pictures: What their uris (``uri_of``) stand for, by SHA-256.

    Raises:
        StorageError: Nothing was stored.
    """
    for sha256, data in pictures.items():
        _put(collection.path, sha256, data)
    with collection.writing() as session:
        former = session.parts.images_of_records([record.id for record in records])
        session.records.upsert(records)
        for sha256, data in pictures.items():  # a removal may have taken it meanwhile
            _put(collection.path, sha256, data)
    drop_unused(collection, former)


def drop_unused(collection: Collection, pictures: Iterable[bytes]) -> int:
    """Remove those pictures that no record has any more; return how many files.

    What cannot be removed now is left for ``sweep``, and logged.

    Args:
        collection: Where they are.
        pictures: Their SHA-256.
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
    """Remove all pictures, thumbnails and copies that no record has; return how many files."""
    found = {
        bytes.fromhex(match[1])
        for folder in (_UPLOADS, *_DERIVED)
        for path in (collection.path / folder).glob("??/*")
        if (match := _NAME.fullmatch(path.name))
    }
    return drop_unused(collection, found)


def _put(folder: Path, sha256: bytes, data: bytes) -> None:
    """Write a picture so that it survives a crash from now on."""
    path = path_of(folder, uri_of(sha256))
    if not path.exists():
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StorageError(f"cannot store an upload in {folder} ({error.strerror})") from error


def _unused(folder: Path, session: CatalogReader, hashes: Iterable[bytes]) -> list[Path]:
    """Return the files of pictures that no part refers to: uploads, thumbnails, copies."""
    uris = session.parts.uris_of_images(hashes)
    found: list[Path] = []
    for sha256 in hashes:
        name = sha256.hex()
        if sha256 not in uris:
            for derived in _DERIVED:
                found += (folder / derived / name[:2]).glob(f"{name}*")
        if uri_of(sha256) not in uris.get(sha256, ()):
            found.append(path_of(folder, uri_of(sha256)))
    return [path for path in found if path.exists()]
