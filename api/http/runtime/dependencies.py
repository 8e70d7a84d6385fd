"""Who may do what: the dependency every route under /v1 has."""

from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.http.errors.problems import ServiceError
from api.http.mapping.public_names import public_job
from api.http.runtime.background.job import Job
from api.http.runtime.fair_queue import CALLER
from api.http.runtime.log_lines import note
from api.http.runtime.service import Service
from api.http.schemas.background.jobs import JobOut
from api.http.schemas.common import Name
from api.keys.key import Access, Key
from binocle.collection.collection import Collection

_bearer = HTTPBearer(auto_error=False, description="An API key")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key")
SESSION_COOKIE = "binocle_session"
_cookie = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="Of POST /v1/session")
_SAFE = ("GET", "HEAD", "OPTIONS")


# Asynchronous, though they wait for nothing: what is not goes through a thread for each request.
async def _service_of(request: Request) -> Service:
    """Return the application's service."""
    service: Service = request.app.state.service
    return service


ServiceDependency = Annotated[Service, Depends(_service_of)]


async def key_of(
    service: ServiceDependency,
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
    session: Annotated[str | None, Security(_cookie)],
) -> Key | None:
    """Return the request's key; None where the service has no keys and asks for none.

    Raises:
        ServiceError: 401, there is no key, or it is not known, or its time is over; 403, a cookie
            came with a change that no page of this service asks for; 429, it has asked too often.
    """
    secret = bearer.credentials if bearer else header
    by_session = session if secret is None else None
    request.state.came_with = secret, by_session
    if not service.keys.is_closed():
        return None
    found = _find(service, secret, by_session)
    key = known_key(service, found, is_there=bool(secret) or by_session is not None)
    if by_session is not None and request.method not in _SAFE:
        check_origin(request, must_tell=True)
    return key


def _find(service: Service, secret: str | None, session: str | None) -> Key | None:
    if session is not None:
        return service.sessions.find(session, service.keys.all())
    return service.keys.find(secret) if secret else None


def known_key(service: Service, key: Key | None, *, is_there: bool) -> Key:
    """Return a key that was found, noting its use.

    Args:
        service: The application's.
        key: What was found.
        is_there: Whether the request has a key, or a session, at all.

    Raises:
        ServiceError: 401, none was found, or its time is over; 429, it has asked too often.
    """
    if key is None or key.has_expired():
        detail = "the API key is not known" if is_there else "an API key is needed"
        if key is not None:
            detail = f"the API key expired at {key.expires_at}"
        note(refused=detail, key=key.name if key is not None else None)
        raise ServiceError(401, "no-key", detail, headers={"WWW-Authenticate": "Bearer"})
    service.key_uses.note(key)
    CALLER.set(key.identity)
    note(key=key.name)
    service.rates.take(key)
    return key


def check_again(request: Request) -> None:
    """Check that the key a long request came with is still good.

    Raises:
        ServiceError: 401, it was revoked, or rotated, or its time is over.
    """
    service: Service = request.app.state.service
    if not service.keys.is_closed():
        return
    key = _find(service, *request.state.came_with)
    if key is None or key.has_expired():
        detail = "the API key is not known any more, or has expired"
        note(refused=detail)
        raise ServiceError(401, "no-key", detail)


def count_searches(service: Service, key: Key | None, count: int) -> None:
    """Count each search of a request, or what costs as much, against the rate of its key.

    Raises:
        ServiceError: 429, it has asked too often.
    """
    if key is not None:
        service.rates.take_more(key, count - 1)


def check_origin(request: Request, *, must_tell: bool) -> None:
    """Check that a request comes from a page of this service.

    Browsers tell in ``Sec-Fetch-Site``; over plain HTTP to another machine they leave that away,
    and ``Origin`` tells. SameSite keeps the cookie from other sites, not from other ports.

    Args:
        request: The request.
        must_tell: Whether one that says neither is refused, as no browser's.

    Raises:
        ServiceError: 403, it comes from elsewhere.
    """
    site, origin = (request.headers.get(one) for one in ("sec-fetch-site", "origin"))
    if site is not None:
        is_ours = site == "same-origin"
    elif origin is not None:
        is_ours = urlsplit(origin).netloc == request.headers.get("host")
    else:
        is_ours = not must_tell
    if not is_ours:
        detail = "with a session's cookie, only a page of this service may ask for this; "
        raise ServiceError(403, "foreign-origin", detail + "programs send the API key instead")


async def optional_key_of(
    service: ServiceDependency,
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
    session: Annotated[str | None, Security(_cookie)],
) -> Key | Literal["nobody"] | None:
    """Return what ``key_of`` returns, and ``nobody`` where there should be a key and is none.

    Raises:
        ServiceError: 401, there is a key that is not good.
    """
    if service.keys.is_closed() and bearer is None and header is None and session is None:
        return "nobody"
    return await key_of(service, request, bearer, header, session)


KeyDependency = Annotated[Key | None, Depends(key_of)]


def allow(key: Key | None, access: Access, collection: str | None) -> None:
    """Check a key; whatever asks for more than to read is audited.

    Raises:
        ServiceError: 403, the key is not for this.
    """
    note(collection=collection)
    if access != "read":
        note(asked=access)
    if key is not None and not key.allows(access, collection):
        where = f" in {collection!r}" if collection else ""
        verb = {"admin": "administrate", "backup": "make backups"}.get(access, access)
        raise ServiceError(403, "key-not-allowed", f"this API key may not {verb}{where}")


async def _opened(service: Service, name: str, request: Request) -> Collection:
    opened = await service.opened(name)
    request.state.own_name, request.state.asked_name = opened.path.name, name
    return opened


async def readable(
    name: Name, service: ServiceDependency, key: KeyDependency, request: Request
) -> Collection:
    """Return the collection of the path, for reading."""
    allow(key, "read", name)
    return await _opened(service, name, request)


async def writable(
    name: Name, service: ServiceDependency, key: KeyDependency, request: Request
) -> Collection:
    """Return the collection of the path, for writing."""
    allow(key, "write", name)
    return await _opened(service, name, request)


Readable = Annotated[Collection, Depends(readable)]
Writable = Annotated[Collection, Depends(writable)]


async def watchable(
    name: Name, service: ServiceDependency, key: KeyDependency, request: Request
) -> Collection:
    """Return the collection of the path, for whoever may start a job of any kind in it."""
    if key is None or not key.allows("backup", name):
        allow(key, "read", name)
    return await _opened(service, name, request)


async def backupable(
    name: Name, service: ServiceDependency, key: KeyDependency, request: Request
) -> Collection:
    """Return the collection of the path, for backing it up."""
    allow(key, "backup", name)
    return await _opened(service, name, request)


async def job_teller(name: Name, key: KeyDependency) -> Callable[[Job], JobOut]:
    """Return what tells of a job of the path's collection, by the name the key knows."""
    return lambda job: public_job(job.out(), key, name)


TellJob = Annotated[Callable[[Job], JobOut], Depends(job_teller)]
Watchable = Annotated[Collection, Depends(watchable)]
Backupable = Annotated[Collection, Depends(backupable)]
