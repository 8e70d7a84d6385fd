"""The pictures of several records as they came, in one archive."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.schemas.originals import OriginalsIn
from api.operations.originals import zipped_originals

router = APIRouter(tags=["pictures"], route_class=JsonRoute)
_TYPE = "application/zip"


@router.post(
    "/{name}/originals",
    response_class=StreamingResponse,
    responses={200: {"content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_originals(
    collection: Readable, service: ServiceDependency, body: OriginalsIn
) -> StreamingResponse:
    """Return a zip of the pictures of records as they were stored, sent while it is written.

    What is not there any more is told in a ``missing.txt`` inside.
    """
    media = service.container.media(collection)
    headers = {"Content-Disposition": 'attachment; filename="pictures.zip"'}
    parts = zipped_originals(collection, media, body.ids)
    return StreamingResponse(parts, media_type=_TYPE, headers=headers)
