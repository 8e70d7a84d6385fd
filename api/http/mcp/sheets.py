"""Pictures of records for a model to look at: one, or several on one sheet with numbers."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from api.http.runtime.service import Service
from api.operations.numbered_sheet import SIDE, numbered_sheet
from binocle.collection.collection import Collection
from binocle.errors import BinocleError

Tile = tuple[int, str, int | None]
"""A number, a record's id, and which of its pictures; None for the first."""


async def sheet_of(service: Service, collection: Collection, tiles: Sequence[Tile]) -> bytes | None:
    """Return a sheet of records' pictures; None where none of them has one."""
    read = partial(_sheet, service, collection, tiles)
    made: bytes | None = await service.decoding.run(read)
    return made


async def picture_of(
    service: Service, collection: Collection, tile: Tile, side: int
) -> bytes | None:
    """Return one picture, its long side at most ``side`` pixels, a thumbnail's; None for none."""
    found: bytes | None = await service.decoding.run(_small, service, collection, tile, side)
    return found


def media_type(picture: bytes) -> str:
    """Return what thumbnails and sheets are."""
    return "image/jpeg" if picture.startswith(b"\xff\xd8") else "image/webp"


def _sheet(service: Service, collection: Collection, tiles: Sequence[Tile]) -> bytes | None:
    shown = [(one[0], _small(service, collection, one, SIDE)) for one in tiles]
    return numbered_sheet(shown) if any(picture for _, picture in shown) else None


def _small(service: Service, collection: Collection, tile: Tile, side: int) -> bytes | None:
    _, record_id, part = tile
    with collection.reading() as session:
        image = session.parts.image(record_id, part) or session.parts.image(record_id)
    if image is None:
        return None
    media = service.container.media(collection)
    try:
        kept: Path | bytes | None = media.thumbnail_if_made(image, side)
        if kept is None:
            kept, _ = media.thumbnail(image, side, service.decoders)
        return kept.read_bytes() if isinstance(kept, Path) else kept
    except (BinocleError, OSError):  # moved or removed since
        return None
