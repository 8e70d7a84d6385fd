"""A record's pictures, as they came and small."""

import logging
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.schemas.patterns import HEX
from binocle.catalog.base import CatalogReader
from binocle.catalog.types import StoredImage
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, NotFoundError
from binocle.media.thumbnails import thumbnail_format
from indexer.stored_media import THUMBNAIL_SIDES

router = APIRouter(tags=["pictures"], route_class=JsonRoute)
_TYPES = {
    "jpeg": "image/jpeg", "mpo": "image/jpeg", "png": "image/png", "webp": "image/webp",
    "gif": "image/gif", "bmp": "image/bmp", "dib": "image/bmp", "tiff": "image/tiff",
    "avif": "image/avif", "heif": "image/heif",
}  # fmt: skip
_CACHE = "private, max-age=3600"
_FOREVER = "private, max-age=31536000, immutable"
_Part = Annotated[
    int | None,
    Parameter(ge=0, le=2**63 - 1, description="By its part's id, which of the pictures"),
]
_Version = Annotated[
    str | None,
    Parameter(
        min_length=12, max_length=64, pattern=HEX,
        description="Of the picture, as hits tell it; what is asked for so may be kept for good",
    ),
]  # fmt: skip
_log = logging.getLogger(__name__)
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "A range of it"},
    304: {"description": "The picture the client has is the current one"},
    416: {"description": "The range lies outside the picture"},
}


@router.get(
    "/{name}/records/{record_id:record}/image", response_class=FileResponse, responses=_PICTURE
)
async def get_image(
    collection: Readable, service: ServiceDependency, record_id: str, request: Request,
    part: _Part = None, v: _Version = None,
) -> Response:  # fmt: skip
    """Return a picture of a record as it was stored, the first one by default, also in ranges."""
    found = await service.searching.run(_find, collection, record_id, part, v)
    headers = _headers(found, f'"{found.sha256.hex()}"', v)
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    original = await service.decoding.run(service.container.media(collection).original, found)
    return _answer(original, _TYPES.get(found.format, "application/octet-stream"), headers)


@router.get(
    "/{name}/records/{record_id:record}/thumbnail", response_class=FileResponse, responses=_PICTURE
)
async def get_thumbnail(
    collection: Readable,
    service: ServiceDependency,
    record_id: str,
    request: Request,
    size: Annotated[int, Parameter(ge=16, le=2048, description="Pixels of the long side")] = 320,
    part: _Part = None,
    v: _Version = None,
) -> Response:
    """Return a picture of a record, the first one by default, small, upright, kept once made.

    There are three sizes, the smallest of them that is not smaller than ``size``, else the largest:
    320 and 640 pixels as WebP, 1280 as JPEG. No picture is made larger than it is.
    """
    side = min((one for one in THUMBNAIL_SIDES if one >= size), default=THUMBNAIL_SIDES[-1])
    found = await service.searching.run(_find, collection, record_id, part, v)
    headers = _headers(found, f'"{found.sha256.hex()}-{side}"', v)
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    media = service.container.media(collection)
    kept: Path | bytes | None = media.thumbnail_if_made(found, side)
    service.metrics.cache.labels("thumbnail", "hit" if kept else "miss").inc()
    if kept is None:
        kept, colour = await service.decoding.run(media.thumbnail, found, side, service.decoders)
        if found.colour is None:
            service.noting.submit(_note_colour, collection, found, colour)
    return _answer(kept, f"image/{thumbnail_format(side)}", headers)


def _headers(found: StoredImage, etag: str, version: str | None) -> dict[str, str]:
    """Return what caches are told: what is asked for by its version never changes."""
    is_lasting = version is not None and found.sha256.hex()[: len(version)] == version
    return {"ETag": etag, "Cache-Control": _FOREVER if is_lasting else _CACHE}


def _note_colour(collection: Collection, image: StoredImage, colour: str) -> None:
    """Keep a picture's colour that was not kept when it was indexed; it can wait if it must."""
    try:
        with collection.writing() as session:
            session.fingerprints.put_colour(image.sha256, colour)
    except BinocleError as error:
        _log.warning("the colour of a picture was not kept: %s", error)


def _answer(picture: Path | bytes, media_type: str, headers: dict[str, str]) -> Response:
    if isinstance(picture, bytes):  # there is no room to keep it
        return Response(picture, media_type=media_type, headers=headers)
    return HeldFile(picture, media_type=media_type, headers=headers)


class HeldFile(FileResponse):
    """A file that is sent whole, though its record be removed while it is.

    A plain ``FileResponse`` opens the file when the head of the answer has gone out already.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            NotFoundError: It is not there any more; nothing has been sent.
        """
        try:
            file = Path(self.path).open("rb")  # noqa: ASYNC230, SIM115
        except FileNotFoundError as error:
            raise NotFoundError("the picture has just been removed") from error
        with file:
            self.path = f"/dev/fd/{file.fileno()}"
            await super().__call__(scope, receive, send)


@router.api_route(
    "/{name}/records/{record_id:record}/image",
    methods=["DELETE", "PATCH", "POST", "PUT"],
    include_in_schema=False,
)
@router.api_route(
    "/{name}/records/{record_id:record}/thumbnail",
    methods=["DELETE", "PATCH", "POST", "PUT"],
    include_in_schema=False,
)
async def refuse() -> None:
    """Keep these paths from being taken for a record's."""
    raise HTTPException(405, headers={"Allow": "GET"})


def _find(
    collection: Collection, record_id: str, part: int | None, version: str | None
) -> StoredImage:
    with collection.reading() as session:
        found = session.parts.image(record_id, part)
        if found is None and version is not None:
            found = _of_version(session, record_id, version)
    if found is None:
        such = "a picture" if part is None else f"the picture {part}"
        raise NotFoundError(f"there is no record {record_id!r} with {such}")
    return found


def _of_version(session: CatalogReader, record_id: str, version: str) -> StoredImage | None:
    """Return a record's picture of a version: its part is another one where it was indexed anew."""
    number = session.records.number_of(record_id)
    parts = session.parts.of_records([number]).get(number, ()) if number is not None else ()
    for one in parts:
        if one.picture is not None and one.picture.version == version:
            return session.parts.image(record_id, one.id)
    return None


def _has(request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in [
        one.strip().removeprefix("W/") for one in known.split(",")
    ]
