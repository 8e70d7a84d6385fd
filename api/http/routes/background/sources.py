"""Sources: folders the operator allows to be indexed, and what was skipped in those indexed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.public_names import public_uri
from api.http.runtime.dependencies import KeyDependency, Readable, ServiceDependency
from api.http.schemas.background.sources import SkippedItem, SkippedOut, SourcesOut
from api.http.schemas.common import ItemError
from indexer.sources.stores.addresses import checked_address, is_remote, lies_below

router = APIRouter(tags=["jobs"], route_class=JsonRoute)


@router.get("/sources")
async def list_sources(service: ServiceDependency, key: KeyDependency) -> SourcesOut:
    """List the folders that jobs may index, by name; none for a key that may not write."""
    if key is not None and key.access not in ("write", "admin"):
        return SourcesOut(sources=[])
    names = [root_of(one).name for one in service.settings.sources]
    return SourcesOut(sources=list(dict.fromkeys(names)))


@router.get("/collections/{name}/skipped")
async def list_skipped(
    collection: Readable,
    service: ServiceDependency,
    first: Annotated[int, Parameter(ge=0, description="Leave out so many")] = 0,
    limit: Annotated[int, Parameter(ge=1, le=1000, description="How many")] = 100,
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


def root_of(allowed: Path | str) -> Path:
    """Return a folder the operator allows, without links; of an address what only has its name."""
    return Path(allowed) if isinstance(allowed, str) else allowed.expanduser().resolve()


def address_of(source: str, allowed: Iterable[Path | str]) -> str | None:
    """Return the address a client means; None where it means a path.

    Args:
        source: As it came: an address, or one that begins with the name of an allowed one's last
            part.
        allowed: What the operator allows.

    Raises:
        ServiceError: 403, it lies below none of these.
        UsageError: It has a secret in it.
    """
    addresses = [one for one in allowed if isinstance(one, str)]
    name, slash, rest = source.partition("/")
    named = next((one for one in addresses if name and one.rpartition("/")[2] == name), None)
    if named is None and not is_remote(source):
        return None
    address = checked_address(source if named is None else named + slash + rest)
    if not any(lies_below(address, one) for one in addresses):
        raise not_allowed()
    return address


def not_allowed() -> ServiceError:
    """Return what is answered to who names what the operator has not allowed."""
    return ServiceError(
        403, "source-not-allowed", "the operator has not allowed this source", field="source"
    )


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
