"""A record's picture, as it came and small."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, ServiceDependency
from binocle.catalog.types import StoredImage
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError
from indexer.stored_media import THUMBNAIL_SIDES

router = APIRouter(tags=["pictures"], route_class=JsonRoute)
_TYPES = {
    "jpeg": "image/jpeg", "mpo": "image/jpeg", "png": "image/png", "webp": "image/webp",
    "gif": "image/gif", "bmp": "image/bmp", "dib": "image/bmp", "tiff": "image/tiff",
    "avif": "image/avif", "heif": "image/heif",
}  # fmt: skip
_CACHE = "private, max-age=3600"
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
    collection: Readable, service: ServiceDependency, record_id: str, request: Request
) -> Response:
    """Return the first picture of a record as it was stored; ranges are served."""
    found = await service.searching.run(_find, collection, record_id)
    etag = f'"{found.sha256.hex()}"'
    if _has(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": _CACHE})
    original = await service.decoding.run(service.container.media(collection).original, found)
    return _answer(original, _TYPES.get(found.format, "application/octet-stream"), etag)


@router.get(
    "/{name}/records/{record_id:record}/thumbnail", response_class=FileResponse, responses=_PICTURE
)
async def get_thumbnail(
    collection: Readable,
    service: ServiceDependency,
    record_id: str,
    request: Request,
    size: Annotated[int, Parameter(ge=16, le=2048)] = 256,
) -> Response:
    """Return the first picture of a record as a small upright JPEG, kept on disk once made.

    There are a few sizes; the largest of them that is not larger than ``size`` is given.
    """
    side = max(one for one in THUMBNAIL_SIDES if one <= size)
    found = await service.searching.run(_find, collection, record_id)
    etag = f'"{found.sha256.hex()}-{side}"'
    if _has(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": _CACHE})
    media = service.container.media(collection)
    made = media.thumbnail_if_made(found, side)
    service.metrics.cache.labels("thumbnail", "hit" if made else "miss").inc()
    if made is None:
        made = await service.decoding.run(media.thumbnail, found, side, service.decoders)
    return _answer(made, "image/jpeg", etag)


def _answer(picture: Path | bytes, media_type: str, etag: str) -> Response:
    headers = {"ETag": etag, "Cache-Control": _CACHE}
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


def _find(collection: Collection, record_id: str) -> StoredImage:
    with collection.reading() as session:
        found = session.parts.first_image(record_id)
    if found is None:
        raise NotFoundError(f"there is no record {record_id!r} with a picture")
    return found


def _has(request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in [
        one.strip().removeprefix("W/") for one in known.split(",")
    ]
