"""Is it alive, is it ready, how is it doing."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import KeyDependency, ServiceDependency
from api.http.schemas.common import Health, Readiness
from binocle import __version__

router = APIRouter(tags=["health"], route_class=JsonRoute)


@router.get("/healthz")
async def health() -> Health:
    """Tell that the process answers."""
    return Health(version=__version__)


@router.get("/readyz")
async def readiness(service: ServiceDependency, response: Response) -> Readiness:
    """Tell whether models are loaded and catalogues open; 503 while they are not."""
    if not service.ready:
        response.status_code = 503
    names = service.container.collection_names()
    return Readiness(ready=service.ready, collections=len(names), models=service.loaded_models())


@router.get("/metrics", response_class=Response)
def metrics(service: ServiceDependency, key: KeyDependency) -> Response:
    """Give Prometheus its figures; needs any key where there are keys."""
    del key
    for name in service.container.collection_names():
        with service.collection(name).reading() as session:
            service.metrics.records.labels(name).set(session.records.count())
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)
