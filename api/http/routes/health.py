"""Is it alive, is it ready, how is it doing."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import (
    KeyDependency,
    ServiceDependency,
    allow,
    optional_key_of,
)
from api.http.schemas.common import Health, Readiness
from api.keys.key import Key
from binocle import __version__

router = APIRouter(tags=["health"], route_class=JsonRoute)


@router.get("/healthz")
async def health() -> Health:
    """Tell that the process answers."""
    return Health(version=__version__)


@router.get("/readyz", response_model_exclude_none=True)
async def readiness(
    service: ServiceDependency,
    response: Response,
    key: Annotated[Key | Literal["nobody"] | None, Depends(optional_key_of)],
) -> Readiness:
    """Tell whether models are loaded and catalogues open; 503 while they are not.

    Where there are keys, how many collections and which models takes one, and it is told of its
    own.
    """
    if not service.ready:
        response.status_code = 503
    if key == "nobody" or not service.ready:
        return Readiness(ready=service.ready)
    models = await service.storing.run(service.loaded_models, key)
    return Readiness(ready=True, collections=len(service.names_for(key)), models=models)


@router.get("/metrics", response_class=Response)
async def metrics(service: ServiceDependency, key: KeyDependency) -> Response:
    """Give Prometheus its figures; a key for some collections has only how large these are."""
    allow(key, "read", None)

    def counted() -> dict[str, int]:
        counts = {}
        for name in service.names_for(key):
            with service.collection(name).reading() as session:
                counts[name] = session.records.count()
        return counts

    is_whole = key is None or key.collections is None
    text = service.metrics.text(await service.storing.run(counted), is_whole=is_whole)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
