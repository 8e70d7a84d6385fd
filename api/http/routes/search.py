"""Searching."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Query as Parameter

from api.http.errors.problems import ServiceError, at_field
from api.http.mapping import payloads
from api.http.mapping.answers import search_out
from api.http.mapping.queries import Wanted, at, query_of, spoken, terms_of
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.runtime.service import EncoderQueue, Service, Stopwatch
from api.http.schemas.search import (
    BatchIn,
    BatchOut,
    SearchBesideIn,
    SearchByWords,
    SearchIn,
    SearchOut,
)
from binocle.collection.collection import Collection
from binocle.errors import (
    BinocleError,
    CursorError,
    FilterError,
    NotFoundError,
    PictureError,
    SavedQueryError,
    UrlError,
)
from search.query.filter_language import parse_where
from search.query.notation import parse_cut, parse_facet
from search.query.query import Query, Term
from search.query.warnings import query_doubts

_FIELDS: dict[type[BinocleError], str] = {
    CursorError: "cursor",
    SavedQueryError: "refine.turn",
    FilterError: "filter",
}
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
    collection: Readable, service: ServiceDependency, asked: Annotated[SearchByWords, Parameter()]
) -> SearchOut:
    """Search by words, for people and links; everything is written as on the command line."""
    watch = Stopwatch(service.metrics)
    if asked.where is not None and asked.filter is not None:
        detail = "filter is another name of where; give one of them"
        raise ServiceError(422, "bad-filter", detail, field="query.filter")
    typed = asked.where if asked.filter is None else asked.filter
    with at("query.where" if asked.filter is None else "query.filter"):
        where = parse_where(typed) if typed and typed.strip() else None
    with at("query.min_relevance"):
        cut = parse_cut(asked.min_relevance) if asked.min_relevance else None
    for number, one in enumerate(asked.facet):
        with at(f"query.facet.{number}"):
            parse_facet(one)
    body, price = spoken(asked.body(cut), collection)
    terms = await _terms(service, collection, [terms_of(body)], watch)
    query = query_of(body, terms[0], "query.", where=where, said=price, field="q")
    return (await _answers(service, collection, [query], watch, ["query."]))[0]


@router.post("/{name}/search", openapi_extra=_BODY)
async def search(collection: Readable, service: ServiceDependency, request: Request) -> SearchOut:
    """Search by weighted terms: JSON, or multipart with a picture beside the same JSON."""
    watch = Stopwatch(service.metrics)
    asked, pictures = await _parse(request)
    asked, price = spoken(asked, collection)
    terms = await _terms(service, collection, [terms_of(asked, pictures)], watch)
    query = query_of(asked, terms[0], said=price)
    return (await _answers(service, collection, [query], watch))[0]


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
    read = [spoken(one, collection) for one in body.searches]
    searches = [one for one, _ in read]
    places = [f"searches.{number}." for number in range(len(body.searches))]
    wanted = [terms_of(one, place=place) for one, place in zip(searches, places, strict=True)]
    terms = await _terms(service, collection, wanted, watch)
    queries = [
        query_of(one, own, place, said=price)
        for (one, price), own, place in zip(read, terms, places, strict=True)
    ]
    answers = await _answers(service, collection, queries, watch, places)
    return BatchOut(answers=answers, took_ms=watch.result())


async def _parse(request: Request) -> tuple[SearchIn, list[bytes]]:
    """Read either form of the request."""
    body = await payloads.read(request, "search", max_files=8)
    if body.others:
        raise payloads.unknown_part(body, "image and search")
    if not body.is_form:
        return payloads.parse(SearchIn, body.text or b""), []
    if not body.files:
        raise ServiceError(422, "invalid", "the form has no file", field="image")
    return payloads.parse(SearchBesideIn, body.text or "{}"), [data for _, data in body.files]


async def _terms(
    service: Service, collection: Collection, wanted: Sequence[list[Wanted]], watch: Stopwatch
) -> list[tuple[Term, ...]]:
    """Embed every text and picture, all of them in one batch."""
    read = iter(
        await asyncio.gather(
            *(_with_picture(service, collection, one) for terms in wanted for one in terms)
        )
    )
    filled = [[next(read) for _ in terms] for terms in wanted]
    flat = [one for terms in filled for one in terms]
    pictures = [one for one in flat if one.picture is not None]
    texts = [one.term.text for one in flat if one.term.text is not None]
    if not pictures and not texts:
        return [tuple(one.finished(None) for one in terms) for terms in filled]
    encoder_queue = await service.encoder_queue_of(collection)
    with watch.stage("decode"):
        data = [one.picture for one in pictures if one.picture is not None]
        boxes = [one.box for one in pictures]
        found = await service.decode_all(data, encoder_queue.encoder.image_spec, boxes)
        pixels = []
        for one, picture in zip(pictures, found, strict=True):
            if isinstance(picture, PictureError):
                raise at_field(picture, one.field)
            pixels.append(picture.pixels)
    with watch.stage("embed"):
        image_rows = iter(await encoder_queue.images(pixels))
        corrected = await _corrected(service, collection, encoder_queue, texts)
        embedded = await encoder_queue.texts(corrected) if texts else []
        text_rows = iter(zip(embedded, corrected, strict=True))

    def finished(one: Wanted) -> Term:
        if one.picture is not None:
            return one.finished(next(image_rows))
        if one.term.text is None:
            return one.finished(None)
        row, text = next(text_rows)
        return one.finished(row, "" if text == one.term.text else text)

    return [tuple(finished(one) for one in terms) for terms in filled]


async def _corrected(
    service: Service, collection: Collection, encoder_queue: EncoderQueue, texts: list[str]
) -> list[str]:
    """Return what to embed: texts with misspelt words as they were probably meant."""
    if not texts or not encoder_queue.encoder.vocabulary or collection.space is None:
        return texts
    found: list[str] = await service.searching.run(
        service.container.searcher(collection).corrected, texts
    )
    return found


async def _with_picture(service: Service, collection: Collection, one: Wanted) -> Wanted:
    """Return a term with the picture that its URL, or a record's region, speaks of."""
    try:
        if one.term.url is not None:
            data = await service.fetching.run(service.container.fetch, one.term.url)
        elif one.term.record is not None and one.region is not None:
            data = await service.fetching.run(_picture_of, service, collection, one.term.record)
        else:
            return one
    except (UrlError, NotFoundError) as error:
        raise at_field(error, one.field) from error
    return replace(one, picture=data)


def _picture_of(service: Service, collection: Collection, record_id: str) -> bytes:
    with collection.reading() as session:
        found = session.parts.first_image(record_id)
    if found is None:
        raise NotFoundError(f"there is no record {record_id!r} with a picture")
    return service.container.media(collection).read(found.uri)


async def _answers(
    service: Service,
    collection: Collection,
    queries: Sequence[Query],
    watch: Stopwatch,
    places: Sequence[str] = ("",),
) -> list[SearchOut]:
    with watch.stage("search"):
        found = await service.searches.submit([(collection, query) for query in queries])
    answers = []
    for one, place in zip(found, places, strict=True):
        if isinstance(one, BinocleError):
            raise _placed(one, place)
        answers.append(one)
    warnings: list[list[str]] = [[] for _ in queries]
    if any(one.where or one.sort or one.facets or one.group for one in queries):
        warnings = await service.searching.run(_warnings, collection, queries)
    took = watch.result()
    return [
        search_out(answer, collection, took, doubted)
        for answer, doubted in zip(answers, warnings, strict=True)
    ]


def _placed(error: BinocleError, place: str) -> BinocleError:
    """Return an error with the part of the request it is about, where that is sure."""
    for kind, field in _FIELDS.items():
        if isinstance(error, kind):
            return at_field(error, place + field)
    return error


def _warnings(collection: Collection, queries: Sequence[Query]) -> list[list[str]]:
    return [query_doubts(collection, one) for one in queries]
