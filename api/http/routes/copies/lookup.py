"""Reverse lookup: is this picture, or something made from it, in the collection?"""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.mapping.documents import JsonRoute
from api.http.routes.copies.answering import Answered, answer_out, data_of, look_up, policy_of
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.runtime.service import Service
from api.http.schemas.common import Name
from api.http.schemas.lookup import LookupBesideIn, LookupIn, LookupOut
from api.operations.copies import match_png
from binocle.collection.collection import Collection

router = APIRouter(tags=["lookup"], route_class=JsonRoute)
_BODY = payloads.json_or_form("LookupIn", "lookup", "The other JSON fields")
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A picture of the match"}
}


@router.post("/{name}/lookup", openapi_extra=_BODY)
async def lookup(
    collection: Readable, service: ServiceDependency, name: Name, request: Request
) -> LookupOut:
    """Look a picture up: JSON with base64 or a URL, or multipart with a file.

    A copy is verified pixel by pixel; what cannot be verified is at most ``similar``. URLs are
    fetched where the operator allows it.
    """
    _, answered = await _answered(collection, service, request)
    return answer_out(answered, name)


@router.post("/{name}/lookup/overlay", openapi_extra=_BODY, response_class=Response, responses=_PNG)
async def overlay(collection: Readable, service: ServiceDependency, request: Request) -> Response:
    """Draw why a picture matches the best candidate: both, and one upon the other, as PNG.

    The body is as for ``lookup``. 404 where nothing matches.
    """
    data, answered = await _answered(collection, service, request)
    candidates = answered.answer.candidates
    shown = next((one for one in candidates if one.judgement.stored_region is not None), None)
    if shown is None:
        raise ServiceError(404, "not-found", "nothing in the collection matches the picture")
    png = await service.searching.run(
        match_png, service.container, collection, data, shown, service.decoders.decode
    )
    return Response(png, media_type="image/png")


async def _answered(
    collection: Collection, service: Service, request: Request
) -> tuple[bytes, Answered]:
    """Return a request's picture, and what is known of it."""
    body = await payloads.read(request, "lookup", max_files=1)
    if body.others:
        raise payloads.unknown_part(body, "image and lookup")
    asked: LookupBesideIn
    if body.is_form:
        if len(body.files) != 1:
            raise ServiceError(422, "invalid", "the form needs one file", field="image")
        asked, data = payloads.parse(LookupBesideIn, body.text or "{}"), body.files[0][1]
    else:
        told = payloads.parse(LookupIn, body.text or b"")
        policy_of(told)  # what is wrong with it is told before a URL is fetched
        asked, data = told, await data_of(service, told)
    return data, await look_up(request, service, collection, data, asked)
