"""The HTTP service: so far health, collections, and search by words.

The full service is an issue of its own; this is its room, with the wiring in place: a
``Workshop`` owned by the application, routes that are plain functions in worker threads, and
one handler that turns our errors into problem documents (RFC 9457).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi import Query as Parameter
from fastapi.responses import JSONResponse

from api.printing import answer_as_json
from api.wiring import Workshop
from binocle import __version__
from binocle.collection import Collection
from binocle.errors import (
    BinocleError,
    BusyError,
    ModelError,
    NotFoundError,
    PictureError,
    UsageError,
)
from search.query import Query, Target, Term
from search.where import parse_where

_STATUS: tuple[tuple[type[BinocleError], int], ...] = (
    (NotFoundError, 404),
    (UsageError, 422),
    (PictureError, 422),
    (BusyError, 503),
    (ModelError, 503),
)


def create_app(workshop: Workshop) -> FastAPI:
    """Return the service over a data home."""
    opened: dict[str, Collection] = {}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        for collection in opened.values():
            collection.close()

    app = FastAPI(title="Binocle", version=__version__, lifespan=lifespan)

    def collection_named(name: str) -> Collection:
        if name not in opened:
            opened[name] = workshop.open_collection(name)
        return opened[name]

    @app.exception_handler(BinocleError)
    async def problem(_: Request, error: BinocleError) -> JSONResponse:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        body = {"type": "about:blank", "title": error.code, "status": status, "code": error.code}
        if status < 500:
            body["detail"] = str(error)
        return JSONResponse(body, status, media_type="application/problem+json")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/v1/collections")
    def collections() -> dict[str, Any]:
        return {"collections": workshop.collection_names()}

    @app.get("/v1/collections/{name}/search")
    def search(
        name: str,
        q: Annotated[str, Parameter(max_length=2000)],
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 10,
        target: Target | None = None,
        where: str | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        collection = collection_named(name)
        parsed = parse_where(where) if where else None
        query = Query((Term(text=q),), target, parsed, limit, cursor)
        return answer_as_json(workshop.searcher(collection).search(query), collection)

    return app
