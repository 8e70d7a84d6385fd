"""API keys, for a key that administrates."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import KeyDependency, ServiceDependency, allow
from api.http.runtime.log_lines import note
from api.http.schemas.access.keys import KeyIn, KeyName, KeyOut, KeyRotationIn, KeysOut, NewKeyOut
from api.keys.key import Key


async def _administrator(key: KeyDependency) -> Key:
    """Let only administrators' keys pass; return which it is.

    Raises:
        ServiceError: 403, it is none, or the service has no keys yet.
    """
    if key is None:
        detail = "there are no API keys; make the first with 'binocle keys add NAME --scope admin'"
        raise ServiceError(403, "key-not-allowed", detail)
    allow(key, "admin", None)
    return key


Administrator = Annotated[Key, Depends(_administrator)]

router = APIRouter(tags=["keys"], route_class=JsonRoute, dependencies=[Depends(_administrator)])


@router.get("")
async def list_keys(service: ServiceDependency) -> KeysOut:
    """List the keys, without their secrets, of which only hashes are kept."""
    keys, uses = await service.storing.run(lambda: (service.keys.all(), service.key_uses.last()))
    return KeysOut(
        keys=[
            KeyOut(
                name=key.name,
                scope=key.access,
                collections=None if key.collections is None else list(key.collections),
                created_at=key.created_at,
                expires_at=key.expires_at,
                requests_per_minute=key.requests_per_minute,
                last_used_at=uses.get(key.identity),
            )
            for key in keys
        ]
    )


@router.post("", status_code=201)
async def add_key(
    service: ServiceDependency, administrator: Administrator, body: KeyIn
) -> NewKeyOut:
    """Make a key."""
    note(subject=body.name, scope=body.scope, opens=body.collections)
    secret = await service.storing.run(
        service.keys.add,
        body.name,
        body.scope,
        tuple(body.collections) if body.collections else None,
        expires_at=body.expires_at,
        requests_per_minute=body.requests_per_minute,
        by=administrator.name,
    )
    return NewKeyOut(name=body.name, key=secret)


@router.post("/{key_name}/rotate")
async def rotate_key(
    service: ServiceDependency,
    administrator: Administrator,
    key_name: KeyName,
    body: KeyRotationIn | None = None,
) -> NewKeyOut:
    """Give a key a new secret."""
    asked = body or KeyRotationIn()
    secret = await service.storing.run(
        service.keys.rotate,
        key_name,
        grace=timedelta(seconds=asked.grace_s),
        expires_at=asked.expires_at,
        by=administrator.name,
    )
    return NewKeyOut(name=key_name, key=secret)


@router.delete("/{key_name}", status_code=204, response_class=Response)
async def revoke_key(
    service: ServiceDependency, administrator: Administrator, key_name: KeyName
) -> Response:
    """Revoke a key; it is refused from its next request on."""
    await service.storing.run(service.keys.revoke, key_name, by=administrator.name)
    return Response(status_code=204)
