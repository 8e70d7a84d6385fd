"""Pictures that came over HTTP, kept beside the catalogue by their SHA-256.

A picture is written before the transaction whose record refers to it, and removed after the one
that takes the last reference away; so a crash may leave a picture that nobody needs, and never a
record without its picture. What is left so is removed when the service starts. Removing holds
the catalogue's write lock, and storing looks again under it, so neither undoes the other, in
whichever process.
"""

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, StorageError
from binocle.files import replacing
from indexer.sources.base import ImageRef
from indexer.sources.uploads import UploadSource, uri_of
from indexer.stored_media import DERIVED

_NAME = re.compile(r"([0-9a-f]{64})(-\d+\.jpg)?")
_log = logging.getLogger(__name__)


def keep(collection: Collection, pictures: Iterable[ImageRef]) -> None:
    """Write the pictures of a request, but for those that are there, so that they survive a crash.

    Raises:
        StorageError: One cannot be written.
    """
    uploads = UploadSource(collection.path)
    for picture in pictures:
        path = uploads.file_of(picture.uri)
        if path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(picture.read())
        except OSError as error:
            message = f"cannot store an upload in {collection.path} ({error.strerror})"
            raise StorageError(message) from error


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
    folders = (UploadSource(collection.path).path, *(collection.path / one for one in DERIVED))
    found = {
        bytes.fromhex(match[1])
        for folder in folders
        for path in folder.glob("??/*")
        if (match := _NAME.fullmatch(path.name))
    }
    return drop_unused(collection, found)


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
