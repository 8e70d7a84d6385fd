"""Records by the line: as many as there are, in one request that is answered while it comes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.http.errors.problems import GoneError, ServiceError, shown
from api.http.errors.validation_messages import one_line
from api.http.mapping.documents import JsonRoute
from api.http.mapping.uploads import failed_record, parsed_record, store_each
from api.http.runtime.dependencies import ServiceDependency, Writable, check_again
from api.http.runtime.incoming import STREAM_ENDING
from api.http.runtime.log_lines import note
from api.http.runtime.record_lines import RecordLine, chunks_of_lines
from api.http.runtime.service import Service
from api.http.runtime.thread_pool import check_wanted
from api.http.schemas.common import ItemError
from api.http.schemas.imports import ImportEnd, LineOutcome
from binocle.collection.collection import Collection
from binocle.errors import BinocleError

router = APIRouter(tags=["records"], route_class=JsonRoute)
LINES_TYPE = "application/x-ndjson"
LINES_TAKEN = (LINES_TYPE, "application/ndjson", "application/jsonl", "application/json-lines")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            LINES_TYPE: {
                "schema": {
                    "type": "string",
                    "description": "A RecordIn a line, in JSON; pictures in base64",
                    "examples": ['{"id": "sku-1", "texts": {"title": "Red bag"}}\n'],
                }
            }
        },
    }
}


class StreamedLines(StreamingResponse):
    """An answer that is sent while the request's body still comes."""

    media_type = LINES_TYPE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it; whoever reads the body notices where the client goes away."""
        await self.stream_response(send)


@router.post(
    f"/{{name}}{STREAM_ENDING}",
    openapi_extra=_BODY,
    response_class=StreamedLines,
    responses={200: {"description": "A LineOutcome a line, in order, and an ImportEnd"}},
)
async def import_records(
    collection: Writable, service: ServiceDependency, request: Request
) -> StreamedLines:
    """Store records that come as lines of JSON, and answer each with a line.

    Lines are read as fast as they are stored, so read the answer while you write. Each is answered
    by a LineOutcome, the end by an ImportEnd. What is reported as stored is on disk; where the
    ImportEnd is missing, send what was not answered again.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in LINES_TAKEN:
        detail = f"this takes lines of JSON, {LINES_TYPE}, and cannot read {one_line(kind)}"
        raise ServiceError(422, "invalid", detail, field="content-type")
    await service.storing.run(service.encoder_of, collection)
    return StreamedLines(_outcomes(collection, service, request))


async def _outcomes(
    collection: Collection, service: Service, request: Request
) -> AsyncIterator[bytes]:
    end = ImportEnd(lines=0, stored=0, failed=0)
    try:
        async for lines in chunks_of_lines(request.stream(), service.settings.max_body_bytes):
            check_again(request)
            outcomes = await service.uploading.run(_store, collection, service, lines)
            end.lines += len(outcomes)
            end.stored += sum(one.status == "stored" for one in outcomes)
            end.failed = end.lines - end.stored
            yield b"".join(map(_line, outcomes))
    except GoneError:
        raise
    except HTTPException as error:  # the body comes too slowly
        end.error = ItemError(code="too-slow", detail=error.detail)
    except BinocleError as error:
        said = shown(error, f"request {request.state.request_id}")
        end.error = ItemError(code=error.code, detail=said)
    note(stored=end.stored, failed=end.failed)
    yield _line(end)


def _line(said: LineOutcome | ImportEnd) -> bytes:
    return said.model_dump_json(exclude_none=True).encode() + b"\n"


def _store(
    collection: Collection, service: Service, lines: Sequence[RecordLine]
) -> list[LineOutcome]:
    records = [
        failed_record("", "too-large", one.fault) if one.fault else parsed_record(one.text)
        for one in lines
    ]
    encoder = service.encoder_of(collection)
    results = store_each(collection, records, {}, encoder, service.decoders, check_wanted)
    return [
        LineOutcome(line=line.number, id=one.id or None, status=one.status, error=one.error)
        for line, one in zip(lines, results, strict=True)
    ]
