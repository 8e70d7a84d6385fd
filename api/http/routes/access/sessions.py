"""Sessions of browsers: a key, exchanged once for a cookie that no script can read."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import (
    SESSION_COOKIE,
    ServiceDependency,
    check_origin,
    known_key,
    optional_key_of,
)
from api.http.schemas.access.sessions import SessionIn, SessionOut
from api.keys.key import Key
from api.keys.key_ring import digest_of

router = APIRouter(tags=["sessions"], route_class=JsonRoute)
_PATH = "/v1"


@router.get("/session")
async def get_session(
    service: ServiceDependency,
    key: Annotated[Key | Literal["nobody"] | None, Depends(optional_key_of)],
) -> SessionOut:
    """Tell who asks, and whether a key is needed."""
    return _out(None if key == "nobody" else key, needs_key=service.keys.is_closed())


@router.post("/session")
async def begin_session(
    service: ServiceDependency, request: Request, response: Response, body: SessionIn
) -> SessionOut:
    """Exchange a key for a cookie, which ends with the browser's session or with the key.

    With the cookie, what changes something must come from a page of this service.
    """
    if not service.keys.is_closed():
        return _out(None, needs_key=False)
    check_origin(request, must_tell=False)
    key = known_key(service, service.keys.find(body.key), is_there=True)
    session = await service.storing.run(service.sessions.begin, key, digest_of(body.key))
    response.set_cookie(
        SESSION_COOKIE, session, path=_PATH, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return _out(key, needs_key=True)


@router.delete("/session", status_code=204, response_class=Response)
async def end_session(request: Request) -> Response:
    """Have the browser forget its cookie."""
    check_origin(request, must_tell=SESSION_COOKIE in request.cookies)
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path=_PATH, httponly=True, samesite="strict")
    return response


def _out(key: Key | None, *, needs_key: bool) -> SessionOut:
    return SessionOut(
        needs_key=needs_key,
        key=key.name if key else None,
        scope=key.access if key else None,
        collections=list(key.collections) if key and key.collections is not None else None,
    )
