"""What pictures say of themselves, read from them again where the catalogue has it damaged."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from binocle.catalog.checks import content, mending
from binocle.catalog.location import catalog_path, reading_as_file
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageInfo, ImageSpec, Limits
from indexer.stored_media import StoredMedia

_SMALL = ImageSpec(32, 32)


def read_facts_again(folder: Path) -> None:
    """Read the pictures whose facts are damaged again, as far as they are what they were.

    Args:
        folder: The collection's.

    Raises:
        StorageError: The catalogue cannot be read, or not be written.
    """
    with reading_as_file(folder) as file:
        damaged = content.damaged_facts(file)
    mending.renew_facts(catalog_path(folder), _read(StoredMedia(folder), damaged))


def _read(media: StoredMedia, pictures: Iterable[tuple[int, str, bytes]]) -> dict[int, ImageInfo]:
    infos: dict[int, ImageInfo] = {}
    with DecoderPool(1, Limits()) as decoders:
        for part_id, uri, sha256 in pictures:
            with suppress(BinocleError, OSError, ValueError):
                data = media.read(uri)
                if hashlib.sha256(data).digest() == sha256:
                    infos[part_id] = decoders.decode(data, _SMALL).info
    return infos
