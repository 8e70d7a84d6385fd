"""The HTTP service: routes, wired to one ``Service`` that the lifespan owns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import BaseRoute

from api.container import Container
from api.http.document import complete
from api.http.errors import problems
from api.http.heads import HeadAnswers
from api.http.mcp.installation import check_installed
from api.http.middleware import Guard, is_loopback
from api.http.overview import OVERVIEW
from api.http.routes import (
    across,
    aliases,
    collections,
    embeddings,
    fields,
    health,
    labels,
    originals,
    page,
    pictures,
    recommendations,
    records,
    saved_searches,
    search,
    suggestions,
)
from api.http.routes.access import keys, sessions
from api.http.routes.background import jobs, snapshots, sources, webhooks
from api.http.routes.changing import imports, matching
from api.http.routes.copies import duplicates, hash_lists, lookup, lookups
from api.http.routes.ranking import drafts, rules
from api.http.runtime.background.background import Background
from api.http.runtime.dependencies import key_of
from api.http.runtime.service import Service
from api.http.runtime.telemetry import tell_span, trace
from api.http.schemas.common import Problem
from api.settings import Settings
from binocle import __version__

if TYPE_CHECKING:
    from api.http.mcp.route import AgentRoute

_PROBLEM: dict[str, Any] = {
    "model": Problem,
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, **_PROBLEM}
    for status, text in {
        400: "The body cannot be read",
        401: "An API key is needed",
        403: "The API key is not for this",
        404: "There is no such thing",
        408: "The body came too slowly",
        409: "It does not fit what is there",
        410: "The cursor was good once; start again without one",
        413: "Too large",
        422: "The request cannot be understood",
        429: "The API key has asked too often; try again after Retry-After",
        503: "Too busy, or a model is not at hand; try again after Retry-After",
    }.items()
}

_WORTH_PACKING_BYTES = 1024
_PACKING = 5  # 9 takes four times as long and saves 2 %

_ROOMS = (
    collections, fields, search, recommendations, suggestions, lookup, lookups, duplicates,
    hash_lists, pictures, labels, imports, matching, records, rules, drafts, jobs,
    originals, saved_searches, snapshots,
)  # fmt: skip


def create_app(container: Container) -> FastAPI:
    """Return the service over a data home.

    Raises:
        UsageError: It is to send traces or to have tools for agents, and the packages for that
            are not installed.
    """
    service = Service(container)
    agents = _agents(service) if container.settings.mcp else None
    background = Background(container, service.keys, service.rates, service.note_use)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        await asyncio.to_thread(background.start)
        async with agents.running() if agents else nullcontext():
            yield
        await asyncio.to_thread(background.close)
        await service.close()
        await asyncio.to_thread(end_traces)

    app = FastAPIOffline(
        title="Binocle",
        version=__version__,
        summary="Cross-modal search: pictures and texts, by words, by a picture, or by both",
        description=OVERVIEW,
        lifespan=lifespan,
        responses=_RESPONSES,
        redoc_url=None,
    )
    app.state.service = service
    app.state.background, app.state.jobs = background, background.jobs
    problems.install(app)
    app.router.routes += _routes()
    if agents is not None:
        app.include_router(agents.router)
    _add_middleware(app, service, container.settings)
    app.openapi = _openapi_of(app)  # type: ignore[method-assign]
    end_traces = trace(app) if container.settings.telemetry else lambda: None
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Return the routes, which know no service: FastAPI takes 0.1 s to put each set together."""
    app = FastAPI(openapi_url=None, responses=_RESPONSES)
    known = [Depends(key_of)]
    app.include_router(health.router)
    app.include_router(page.router)
    for room in _ROOMS:
        app.include_router(room.router, prefix="/v1/collections", dependencies=known)
    app.include_router(aliases.router, prefix="/v1/aliases", dependencies=known)
    app.include_router(across.router, prefix="/v1", dependencies=known)
    app.include_router(keys.router, prefix="/v1/keys", dependencies=known)
    app.include_router(jobs.all_router, prefix="/v1/jobs", dependencies=known)
    app.include_router(webhooks.router, prefix="/v1/webhooks", dependencies=known)
    app.include_router(sources.router, prefix="/v1", dependencies=known)
    app.include_router(sessions.router, prefix="/v1")
    app.include_router(embeddings.router, prefix="/v1", dependencies=known)
    return app.router.routes


def _agents(service: Service) -> "AgentRoute":
    """Return the tools for agents.

    Raises:
        UsageError: The extra for them is not installed.
    """
    check_installed()
    from api.http.mcp.route import AgentRoute

    return AgentRoute(service)


def _add_middleware(app: FastAPI, service: Service, settings: Settings) -> None:
    app.add_middleware(
        GZipMiddleware,
        minimum_size=_WORTH_PACKING_BYTES,
        compresslevel=_PACKING,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "image/*", "application/zstd"),
    )
    app.add_middleware(HeadAnswers)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
        )
    app.add_middleware(
        Guard,
        metrics=service.metrics,
        max_body_bytes=settings.max_body_bytes,
        patience_s=settings.request_timeout_s,
        is_private=lambda: is_loopback(settings.host) and not service.keys.is_closed(),
        origins=settings.cors_origins,
        on_answer=tell_span if settings.telemetry else lambda _: None,
    )


def _openapi_of(app: FastAPI) -> Any:
    """Return the schema maker, with what FastAPI cannot know."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        service: Service = app.state.service
        return complete(make(), is_open=not service.keys.is_closed())

    return openapi
