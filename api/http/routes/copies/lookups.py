"""Reverse lookup of many pictures in one request: each has an outcome, and a bad one its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException

from api.http.errors.problems import GoneError, ServiceError, shown
from api.http.errors.validation_messages import one_line
from api.http.mapping import payloads
from api.http.mapping.documents import JsonRoute
from api.http.routes.changing.imports import LINES_TAKEN, LINES_TYPE, StreamedLines
from api.http.routes.copies.answering import Answered, answer_out, data_of, look_up, policy_of
from api.http.runtime.dependencies import (
    KeyDependency,
    Readable,
    ServiceDependency,
    check_again,
    count_searches,
)
from api.http.runtime.incoming import LOOKUPS_ENDING
from api.http.runtime.record_lines import RecordLine, chunks_of_lines
from api.http.runtime.service import Service
from api.http.schemas.common import ItemError, Name
from api.http.schemas.lookup import (
    MAX_PICTURES,
    MAX_POLICY_LENGTH,
    LookupBesideIn,
    LookupOutcome,
    LookupsIn,
    LookupsOut,
    NamedPictureIn,
)
from api.keys.key import Key
from binocle.collection.collection import Collection
from binocle.errors import BinocleError

router = APIRouter(tags=["lookup"], route_class=JsonRoute)
_BODY = payloads.json_or_form("LookupsIn", "lookups", "The other JSON fields")
_LINES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            LINES_TYPE: {
                "schema": {
                    "type": "string",
                    "description": "A picture a line, in JSON, as those of POST …/lookups",
                }
            }
        },
    }
}


@router.post("/{name}/lookups", openapi_extra=_BODY)
async def lookups(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    key: KeyDependency,
    request: Request,
) -> LookupsOut:
    """Look up to 64 pictures up: JSON with base64 or URLs, or multipart with files.

    What is wrong with one is told in its outcome, and costs no other.
    """
    body = await payloads.read(request, "lookups", max_files=MAX_PICTURES)
    if body.others:
        raise payloads.unknown_part(body, "images and lookups")
    asked: LookupBesideIn
    if body.is_form:
        if not body.files:
            raise ServiceError(422, "invalid", "the form needs a file", field="image")
        asked = payloads.parse(LookupBesideIn, body.text or "{}")
        pictures: list[NamedPictureIn | bytes] = [data for _, data in body.files]
    else:
        told = payloads.parse(LookupsIn, body.text or b"")
        asked, pictures = told, list(told.pictures)
    policy_of(asked)
    count_searches(service, key, len(pictures))
    asking = _Asking(request, service, collection, name, asked)
    return LookupsOut(results=await asking.outcomes(list(enumerate(pictures, 1))))


@router.post(
    f"/{{name}}{LOOKUPS_ENDING}",
    openapi_extra=_LINES,
    response_class=StreamedLines,
    responses={200: {"description": "A LookupOutcome a line, in order"}},
)
async def look_up_lines(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    key: KeyDependency,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100, description="Candidates of each")] = 10,
    policy: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_POLICY_LENGTH, description="As in POST …/lookup"),
    ] = None,
    *,
    copies_only: Annotated[bool, Query(description="As in POST …/lookup")] = False,
) -> StreamedLines:
    """Look up as many pictures as come, a line of JSON each; answer each with a line."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in LINES_TAKEN:
        detail = f"this takes lines of JSON, {LINES_TYPE}, and cannot read {one_line(kind)}"
        raise ServiceError(422, "invalid", detail, field="content-type")
    asked = LookupBesideIn(limit=limit, copies_only=copies_only, policy=policy)
    policy_of(asked)
    asking = _Asking(request, service, collection, name, asked, counted=key)
    return StreamedLines(_answered_lines(asking))


async def _answered_lines(asking: "_Asking") -> AsyncIterator[bytes]:
    number, longest = 0, asking.service.settings.max_body_bytes
    try:
        async for lines in chunks_of_lines(asking.request.stream(), longest):
            check_again(asking.request)
            number = lines[-1].number
            pictures = [(line.number, _picture_of(line)) for line in lines]
            for outcome in await asking.outcomes(pictures):
                yield _line(outcome)
    except GoneError:
        raise
    except HTTPException as error:  # the body comes too slowly
        said = ItemError(code="too-slow", detail=error.detail)
        yield _line(LookupOutcome(number=number + 1, error=said))
    except ServiceError as error:  # the key is not good any more
        said = ItemError(code=error.code, detail=str(error))
        yield _line(LookupOutcome(number=number + 1, error=said))


def _picture_of(line: RecordLine) -> NamedPictureIn | BinocleError:
    if line.fault:
        return ServiceError(422, "too-large", line.fault)
    try:
        return payloads.parse(NamedPictureIn, line.text)
    except ServiceError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request that asks for several pictures.

    Attributes:
        request: As it came.
        service: The application's.
        collection: Where pictures are looked up.
        name: Its name, as it was asked for.
        options: Of all of them.
        counted: The key whose rate each picture counts against, besides the request.
    """

    request: Request
    service: Service
    collection: Collection
    name: str
    options: LookupBesideIn
    counted: Key | None = None

    async def outcomes(
        self, pictures: Sequence[tuple[int, NamedPictureIn | bytes | BinocleError]]
    ) -> list[LookupOutcome]:
        """Look pictures up, as many at once as there are threads; return each one's outcome."""
        free = asyncio.Semaphore(self.service.settings.workers)
        return list(await asyncio.gather(*(self._outcome(free, *one) for one in pictures)))

    async def _outcome(
        self, free: asyncio.Semaphore, number: int, picture: NamedPictureIn | bytes | BinocleError
    ) -> LookupOutcome:
        name = picture.name if isinstance(picture, NamedPictureIn) else None
        try:
            async with free:
                out = answer_out(await self._answer(picture), self.name)
        except BinocleError as error:
            said = shown(error, f"request {self.request.state.request_id}")
            fault = ItemError(code=error.code, detail=said)
            return LookupOutcome(number=number, name=name, error=fault)
        return LookupOutcome(number=number, name=name, answer=out)

    async def _answer(self, picture: NamedPictureIn | bytes | BinocleError) -> Answered:
        if isinstance(picture, BinocleError):
            raise picture
        if self.counted is not None:
            self.service.rates.take(self.counted)
        data = picture if isinstance(picture, bytes) else await data_of(self.service, picture)
        return await look_up(self.request, self.service, self.collection, data, self.options)


def _line(said: LookupOutcome) -> bytes:
    return said.model_dump_json(exclude_none=True).encode() + b"\n"
