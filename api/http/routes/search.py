"""Searching."""

import json
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameter
from pydantic import BeforeValidator

from api.http.errors.problems import ServiceError, problem_of
from api.http.mapping import payloads
from api.http.mapping.documents import JsonRoute
from api.http.mapping.queries import SearchRequest, at
from api.http.runtime.dependencies import (
    KeyDependency,
    Readable,
    ServiceDependency,
    count_searches,
)
from api.http.runtime.metrics import Stopwatch
from api.http.schemas.answers import BatchOut, SearchOut
from api.http.schemas.common import Name
from api.http.schemas.misfits import Misfit
from api.http.schemas.search import BatchIn, SearchBesideIn, SearchByWords, SearchIn
from binocle.errors import BinocleError
from search.query.filter_language import parse_where
from search.query.notation import parse_cut, parse_facet
from search.query.query import RulesInUse

router = APIRouter(tags=["search"], route_class=JsonRoute)
With = Annotated[
    RulesInUse | None,
    BeforeValidator(lambda given: given.lower() if isinstance(given, str) else given),
    Parameter(alias="with", description="Which ranking rules hold; the same as rules in the body"),
]
_BODY = payloads.json_or_form("SearchIn", "search", "The JSON body as a part")


@router.get("/{name}/search", response_model=SearchOut)
async def search_by_words(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    asked: Annotated[SearchByWords, Parameter()],
) -> Response:
    """Search by words, for people and links: what POST takes, each part as one text."""
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
    request = SearchRequest(
        asked.body(cut), where=where, place="query.", terms_field="q", collection=name
    )
    found = await service.searches.answer(collection, request, watch)
    return Response(found, media_type="application/json")


@router.post("/{name}/search", openapi_extra=_BODY, response_model=SearchOut)
async def search(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    request: Request,
    rules: With = None,
) -> Response:
    """Search by words, pictures, records, or a filter alone.

    JSON, or a form with a picture in ``image`` and the same JSON, of which ``query`` may be left
    out, in ``search``.
    """
    watch = Stopwatch(service.metrics)
    body = await payloads.read(request, "search", max_files=8)
    if body.others:
        raise payloads.unknown_part(body, "image and search")
    if not body.is_form:
        plain = _with(payloads.parse(SearchIn, body.text or b""), rules)
        asked = SearchRequest(plain, collection=name)
    elif body.files:
        beside = _with(payloads.parse(SearchBesideIn, body.text or "{}"), rules)
        uploads = tuple(data for _, data in body.files)
        asked = SearchRequest(beside, uploads, collection=name)
    else:
        raise ServiceError(422, "invalid", "the form has no file", field="image")
    found = await service.searches.answer(collection, asked, watch)
    return Response(found, media_type="application/json")


@router.post("/{name}/search/batch", response_model=BatchOut)
async def search_batch(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    key: KeyDependency,
    body: BatchIn,
    request: Request,
    rules: With = None,
) -> Response:
    """Answer many queries in one call; what is wrong with one of them stays with it."""
    if len(body.searches) > service.settings.max_batch:
        raise ServiceError(
            422,
            "batch-too-large",
            f"{len(body.searches)} queries are more than {service.settings.max_batch}",
            field="searches",
        )
    count_searches(service, key, len(body.searches))
    watch = Stopwatch(service.metrics)
    good: list[SearchRequest] = []
    refused: dict[int, BinocleError] = {}
    searches: list[SearchIn | Misfit] = list(body.searches)
    for number, one in enumerate(searches):
        place = f"searches.{number}."
        if isinstance(one, SearchIn):
            good.append(SearchRequest(_with(one, rules), place=place, collection=name))
        else:
            refused[number] = payloads.refusal(one.errors, one.document, SearchIn, place)
    found = iter(await service.searches.answers(collection, good, watch))
    each = [refused.get(number) or next(found) for number in range(len(body.searches))]
    answers = ",".join(
        problem_of(request, one).model_dump_json() if isinstance(one, BinocleError) else one
        for one in each
    )
    took = json.dumps(watch.result())
    return Response(f'{{"answers":[{answers}],"took_ms":{took}}}', media_type="application/json")


def _with(asked: SearchIn, rules: RulesInUse | None) -> SearchIn:
    """Return a search by the rules that its address names, if it does."""
    return asked if rules is None else asked.model_copy(update={"rules": rules})
