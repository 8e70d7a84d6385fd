"""Sources: folders the operator allows to be indexed, and what was skipped in those indexed."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter

from api.http.mapping.documents import JsonRoute
from api.http.mapping.public_names import public_uri
from api.http.runtime.dependencies import KeyDependency, Readable, ServiceDependency
from api.http.schemas.background.sources import SkippedItem, SkippedOut, SourcesOut
from api.http.schemas.common import ItemError

router = APIRouter(tags=["jobs"], route_class=JsonRoute)


@router.get("/sources")
async def list_sources(service: ServiceDependency, key: KeyDependency) -> SourcesOut:
    """List the folders that jobs may index, by name; none for a key that may not write."""
    if key is not None and key.access not in ("write", "admin"):
        return SourcesOut(sources=[])
    names = [root.expanduser().resolve().name for root in service.settings.sources]
    return SourcesOut(sources=list(dict.fromkeys(names)))


@router.get("/collections/{name}/skipped")
async def list_skipped(
    collection: Readable,
    service: ServiceDependency,
    first: Annotated[int, Parameter(ge=0, description="Leave out so many")] = 0,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 100,
) -> SkippedOut:
    """Tell which files, members, rows and lines became no records, and why."""

    def read() -> SkippedOut:
        with collection.reading() as session:
            found = list(session.sources.skipped_items())
        shown = [
            SkippedItem(
                source=source.name,
                item=public_uri(item.key),
                error=ItemError(code=item.code or "", detail=item.message or ""),
            )
            for source, item in found[first : first + limit]
        ]
        return SkippedOut(skipped=shown, total=len(found))

    listed: SkippedOut = await service.searching.run(read)
    return listed


def path_of(source: str, roots: list[Path]) -> Path:
    """Return the path a client means: an absolute one, or one that begins with a folder's name.

    Args:
        source: As it came.
        roots: The folders the operator allows.
    """
    name, _, rest = source.partition("/")
    for root in roots:
        if name and root.name == name:
            return root / rest if rest else root
    return Path(source)
