"""Searches that people gave a name; the page shows them on all devices."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Query as Parameter

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, ServiceDependency, Writable
from api.http.schemas.common import Name
from api.http.schemas.saved_searches import (
    SavedSearchesOut,
    SavedSearchIn,
    SavedSearchOut,
    SearchName,
)
from api.saved_searches import SavedSearch

router = APIRouter(tags=["saved searches"], route_class=JsonRoute)


@router.get("/{name}/saved-searches")
async def list_saved_searches(
    name: Name, _collection: Readable, service: ServiceDependency
) -> SavedSearchesOut:
    """List the saved searches of a collection, by name."""
    found = service.container.saved_searches.of(name)
    return SavedSearchesOut(searches=[_out(one) for one in found])


@router.put("/{name}/saved-searches")
async def save_search(
    name: Name, _collection: Writable, service: ServiceDependency, body: SavedSearchIn
) -> SavedSearchOut:
    """Save a search, in the place of one of the same name."""
    put = service.container.saved_searches.put
    return _out(await service.storing.run(put, name, body.name, body.search))


@router.delete("/{name}/saved-searches", status_code=204, response_class=Response)
async def remove_saved_search(
    name: Name,
    _collection: Writable,
    service: ServiceDependency,
    search: Annotated[SearchName, Parameter(description="Its name")],
) -> Response:
    """Remove a saved search."""
    await service.storing.run(service.container.saved_searches.remove, name, search)
    return Response(status_code=204)


def _out(saved: SavedSearch) -> SavedSearchOut:
    return SavedSearchOut(name=saved.name, search=saved.search, saved_at=saved.saved_at)
