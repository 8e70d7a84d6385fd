"""Aliases: names that stand for collections; all routes take them for these."""

from fastapi import APIRouter, Response

from api.aliases import Alias
from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import KeyDependency, ServiceDependency, allow
from api.http.runtime.log_lines import note
from api.http.schemas.aliases import AliasesOut, AliasIn, AliasOut
from api.http.schemas.common import Name
from api.keys.key import Key

router = APIRouter(tags=["collections"], route_class=JsonRoute)


@router.get("")
async def list_aliases(service: ServiceDependency, key: KeyDependency) -> AliasesOut:
    """List the aliases the key may read by."""
    found = service.container.aliases.all().values()
    return AliasesOut(
        aliases=[_out(one, key) for one in found if key is None or key.allows("read", one.name)]
    )


@router.put("/{alias}")
async def put_alias(
    service: ServiceDependency, key: KeyDependency, alias: Name, body: AliasIn
) -> AliasOut:
    """Make an alias, or switch it to another collection for all requests from now on.

    It takes a key that may write to both.
    """
    note(alias=alias)
    allow(key, "write", alias)
    allow(key, "write", body.collection)
    aliases = service.container.aliases
    if body.collection not in aliases.all():  # one of an alias is refused below
        collection = await service.opened(body.collection)
        service.warm(collection)
    made: Alias = await service.storing.run(
        aliases.put, alias, body.collection, expected=body.expected
    )
    return _out(made, key)


@router.delete("/{alias}", status_code=204, response_class=Response)
async def delete_alias(service: ServiceDependency, key: KeyDependency, alias: Name) -> Response:
    """Remove an alias; what it stands for stays."""
    note(alias=alias)
    allow(key, "write", alias)
    await service.storing.run(service.container.aliases.remove, alias)
    return Response(status_code=204)


def _out(alias: Alias, key: Key | None) -> AliasOut:
    own = alias.collection if key is None or key.is_for(alias.collection) else None
    return AliasOut(name=alias.name, collection=own, switched_at=alias.switched_at)
