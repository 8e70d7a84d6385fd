"""Reverse lookup: is this picture, or something made from it, in the collection?"""

from typing import Any

from fastapi import APIRouter, Request

from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.mapping.documents import JsonRoute
from api.http.mapping.pictures import thumbnail_path
from api.http.mapping.public_names import public_uri
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.runtime.service import Service
from api.http.schemas.common import Name
from api.http.schemas.lookup import LookupBesideIn, LookupIn, LookupOut
from api.operations.copies import answer_as_json, open_lookup
from binocle.collection.collection import Collection
from search.copies.lookup import LookupAnswer

router = APIRouter(tags=["lookup"], route_class=JsonRoute)
_BODY = payloads.json_or_form("LookupIn", "lookup", "The other JSON fields")


@router.post("/{name}/lookup", openapi_extra=_BODY)
async def lookup(
    collection: Readable, service: ServiceDependency, name: Name, request: Request
) -> LookupOut:
    """Look a picture up: JSON with base64, or multipart with a file.

    A copy is verified pixel by pixel; what cannot be verified is at most ``similar``.
    """
    body = await payloads.read(request, "lookup", max_files=1)
    if body.others:
        raise payloads.unknown_part(body, "image and lookup")
    if body.is_form:
        if len(body.files) != 1:
            raise ServiceError(422, "invalid", "the form needs one file", field="image")
        beside = payloads.parse(LookupBesideIn, body.text or "{}")
        data, limit, copies_only = body.files[0][1], beside.limit, beside.copies_only
    else:
        asked = payloads.parse(LookupIn, body.text or b"")
        data, limit, copies_only = (
            payloads.decoded(asked.image, "image"),
            asked.limit,
            asked.copies_only,
        )
    answer = await service.searching.run(
        _find, service, collection, data, limit=limit, with_similar=not copies_only
    )
    return _out(answer, name)


def _find(
    service: Service, collection: Collection, data: bytes, *, limit: int, with_similar: bool
) -> LookupAnswer:
    finder = open_lookup(
        service.container, collection, decode=service.decoders.decode, with_similar=with_similar
    )
    return finder.find(data, limit=limit)


def _out(answer: LookupAnswer, name: str) -> LookupOut:
    found: dict[str, Any] = answer_as_json(answer)
    for one in found["candidates"]:
        one["uri"] = public_uri(one["uri"])
        one["part"]["uri"] = public_uri(one["part"]["uri"])
        one["thumbnail"] = thumbnail_path(name, one["id"], one["part"]["id"])
    return LookupOut.model_validate(found)
