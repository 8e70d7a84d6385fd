"""Searching."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Query as Parameter

from api import bodies
from api.access import Readable, ServiceDependency
from api.answers import search_out
from api.problems import ServiceError
from api.schemas import BatchIn, BatchOut, SearchBesideIn, SearchIn, SearchOut, Target, TermIn
from api.service import EncoderDesk, Service, Stopwatch
from binocle.collection import Collection
from binocle.errors import BinocleError, PictureError
from binocle.filters import Filter, parse_json
from binocle.types import Float32Array, Picture, PixelArray
from search.advice import doubts
from search.query import Query, Term
from search.where import parse_where

router = APIRouter(tags=["search"])
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/SearchIn"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "search": {"type": "string", "description": "The JSON body as a part"},
                    },
                    "required": ["image"],
                }
            },
        },
    }
}


@router.get("/{name}/search")
async def search_by_words(
    collection: Readable,
    service: ServiceDependency,
    q: Annotated[str, Parameter(min_length=1, max_length=2000, pattern=r"\S")],
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 10,
    target: Target | None = None,
    where: Annotated[str | None, Parameter(max_length=4000)] = None,
    cursor: Annotated[str | None, Parameter(max_length=1000)] = None,
) -> SearchOut:
    """Search by words, for people and links; ``where`` is a filter as people type it."""
    watch = Stopwatch(service.metrics)
    asked = SearchIn(query=q, limit=limit, target=target, cursor=cursor)
    parsed = parse_where(where) if where and where.strip() else None
    terms = await _terms(service, collection, [asked], watch)
    query = Query(terms[0], target, parsed, limit, cursor or None)
    return (await _answers(service, collection, [query], watch))[0]


@router.post("/{name}/search", openapi_extra=_BODY)
async def search(collection: Readable, service: ServiceDependency, request: Request) -> SearchOut:
    """Search by weighted terms: JSON, or multipart with a picture beside the same JSON."""
    watch = Stopwatch(service.metrics)
    asked, pictures = await _parse(request)
    terms = await _terms(service, collection, [asked], watch, pictures)
    return (await _answers(service, collection, [_query(asked, terms[0])], watch))[0]


@router.post("/{name}/search/batch")
async def search_batch(collection: Readable, service: ServiceDependency, body: BatchIn) -> BatchOut:
    """Answer many queries in one call, embedded together."""
    if len(body.searches) > service.settings.max_batch:
        raise ServiceError(
            422,
            "batch-too-large",
            f"{len(body.searches)} queries are more than {service.settings.max_batch}",
            field="searches",
        )
    watch = Stopwatch(service.metrics)
    terms = await _terms(service, collection, body.searches, watch)
    queries = [_query(one, own) for one, own in zip(body.searches, terms, strict=True)]
    answers = await _answers(service, collection, queries, watch)
    return BatchOut(answers=answers, took_ms=watch.result())


async def _parse(request: Request) -> tuple[SearchIn, list[bytes]]:
    """Read either form of the request."""
    body = await bodies.read(request, "search", max_files=8)
    if body.others:
        raise ServiceError(422, "invalid", "unknown form field", field=body.others[0])
    if not body.is_form:
        return bodies.parse(SearchIn, body.text or b""), []
    if not body.files:
        raise ServiceError(422, "invalid", "the form has no file", field="image")
    return bodies.parse(SearchBesideIn, body.text or "{}"), [data for _, data in body.files]


def _query(asked: SearchIn, terms: tuple[Term, ...]) -> Query:
    where = parse_json(asked.filter) if asked.filter else None
    return Query(terms, asked.target, where, asked.limit, asked.cursor or None, asked.exact)


async def _terms(
    service: Service,
    collection: Collection,
    asked: Sequence[SearchIn],
    watch: Stopwatch,
    pictures: Sequence[bytes] = (),
) -> list[tuple[Term, ...]]:
    """Turn every text and picture into a vector, all of them in one batch."""
    wanted = [_terms_in(one) for one in asked]
    if pictures:
        wanted[0] += [(TermIn(weight=1.0), picture) for picture in pictures]
    flat = [pair for one in wanted for pair in one]
    if not all(wanted):
        raise ServiceError(422, "bad-query", "nothing to look for", field="query")
    desk: EncoderDesk | None = None
    if any(term.text is not None or picture is not None for term, picture in flat):
        desk = await service.desk_of(collection)
    with watch.stage("decode"):
        pixels: list[PixelArray] = []
        if desk is not None:
            spec = desk.encoder.image_spec
            data = [picture for _, picture in flat if picture is not None]
            found = await service.decode_all(data, spec)
            pixels = [usable(one).pixels for one in found]
    with watch.stage("embed"):
        texts = [term.text for term, _ in flat if term.text is not None]
        image_rows = iter(await desk.images(pixels) if desk else [])
        text_rows = iter(await desk.texts(texts) if desk and texts else [])
    return [
        tuple(_term(term, picture, image_rows, text_rows) for term, picture in one)
        for one in wanted
    ]


def _terms_in(asked: SearchIn) -> list[tuple[TermIn, bytes | None]]:
    if isinstance(asked.query, str):
        return [(TermIn(text=asked.query), None)]
    pairs: list[tuple[TermIn, bytes | None]] = []
    for number, term in enumerate(asked.query):
        given = [term.text, term.image, term.record, term.vector]
        field = f"query.{number}"
        if sum(one is not None for one in given) != 1:
            detail = "a term has exactly one of text, image, record and vector"
            raise ServiceError(422, "bad-query", detail, field=field)
        if term.weight == 0:
            raise ServiceError(422, "bad-query", "a weight is not 0", field=f"{field}.weight")
        picture = decoded(term.image, f"{field}.image") if term.image is not None else None
        pairs.append((term, picture))
    return pairs


def decoded(text: str, field: str) -> bytes:
    """Return what a base64 text, or a data URL, holds.

    Raises:
        ServiceError: 422, it is no base64.
    """
    try:
        return base64.b64decode(text.rsplit(",", 1)[-1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ServiceError(422, "invalid", f"no base64 ({error})", field=field) from error


def usable(picture: Picture | PictureError) -> Picture:
    """Return a decoded picture; raises what its decoding raised."""
    if isinstance(picture, PictureError):
        raise picture
    return picture


def _term(term: TermIn, picture: bytes | None, image_rows: Any, text_rows: Any) -> Term:
    if picture is not None:
        return Term(vector=next(image_rows), weight=term.weight)
    if term.text is not None:
        return Term(vector=next(text_rows), weight=term.weight)
    if term.record is not None:
        return Term(record=term.record, weight=term.weight)
    return Term(vector=_as_vector(term.vector or []), weight=term.weight)


def _as_vector(numbers: list[float]) -> Float32Array:
    import numpy as np

    with np.errstate(over="ignore"):
        return np.asarray(numbers, np.float64).astype(np.float32)


async def _answers(
    service: Service, collection: Collection, queries: Sequence[Query], watch: Stopwatch
) -> list[SearchOut]:
    with watch.stage("search"):
        found = await service.searches.submit([(collection, query) for query in queries])
    answers = []
    for one in found:
        if isinstance(one, BinocleError):
            raise one
        answers.append(one)
    filters = [query.where for query in queries]
    warnings: list[list[str]] = [[] for _ in filters]
    if any(filters):
        warnings = await service.searching.run(_warnings, collection, filters)
    took = watch.result()
    return [
        search_out(answer, collection, took, doubted)
        for answer, doubted in zip(answers, warnings, strict=True)
    ]


def _warnings(collection: Collection, filters: Sequence[Filter | None]) -> list[list[str]]:
    return [doubts(collection, one) if one else [] for one in filters]
