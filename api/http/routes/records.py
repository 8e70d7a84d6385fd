"""Records: storing, reading, changing, removing."""

import base64
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameter

from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.mapping.documents import JsonRoute, loaded
from api.http.mapping.record_changes import (
    CONDITIONAL,
    WITH_ETAG,
    IfMatch,
    change_of,
    matching_etag,
)
from api.http.mapping.stored_records import record_etag, record_out
from api.http.mapping.uploads import refused_record, store_each
from api.http.runtime.dependencies import Readable, ServiceDependency, Writable
from api.http.runtime.earlier_answers import listing_mark
from api.http.runtime.log_lines import note
from api.http.runtime.thread_pool import check_wanted
from api.http.schemas.changes import RecordPatch
from api.http.schemas.common import (
    Name,
    RecordIn,
    RecordOut,
    RecordPage,
    RecordResult,
    RecordsIn,
    RecordsOut,
)
from api.http.schemas.misfits import Misfit
from api.operations.removal import remove_records
from binocle.errors import CursorError
from binocle.metadata.filter_parsing import parse_json
from indexer.record_changes import change_record, record_in
from search.query.filter_language import parse_where
from search.query.spellings import checked_filter

router = APIRouter(tags=["records"], route_class=JsonRoute)
_Where = Annotated[
    str | None,
    Parameter(max_length=4000, description="A filter in one line", examples=["price < 100"]),
]
_Filter = Annotated[
    str | None,
    Parameter(alias="filter", max_length=4000, description="A filter as JSON; both have to hold"),
]
_Cursor = Annotated[
    str | None, Parameter(max_length=200, description="The cursor of the page before")
]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RecordsIn"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "records": {
                            "type": "string",
                            "description": "The JSON body; its pictures name files of this form",
                        }
                    },
                    "additionalProperties": {"type": "string", "format": "binary"},
                    "required": ["records"],
                }
            },
        },
    }
}


@router.post("/{name}/records", openapi_extra=_BODY)
async def store_records(
    collection: Writable, service: ServiceDependency, request: Request
) -> RecordsOut:
    """Store records, replacing those of the same id; each has an outcome of its own.

    What is reported as stored is on disk.
    """
    body, files = await _parse(request)
    if len(body.records) > service.settings.max_batch:
        detail = f"{len(body.records)} records are more than {service.settings.max_batch}"
        raise ServiceError(422, "batch-too-large", detail, field="records")

    def store() -> list[RecordResult]:
        came: list[RecordIn | Misfit] = list(body.records)
        records = [refused_record(one) if isinstance(one, Misfit) else one for one in came]
        encoder = service.encoder_of(collection)
        return store_each(collection, records, files, encoder, service.decoders, check_wanted)

    results = await service.uploading.run(store)
    failed = sum(one.status == "failed" for one in results)
    out = RecordsOut(results=results, stored=len(results) - failed, failed=failed)
    note(stored=out.stored, failed=out.failed)
    return out


@router.get("/{name}/records")
async def list_records(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    where: _Where = None,
    filter_json: _Filter = None,
    limit: Annotated[int, Parameter(ge=1, le=1000, description="Records a page")] = 100,
    cursor: _Cursor = None,
) -> RecordPage:
    """List records in the order they were first stored, filtered as typed or as JSON."""
    after, mark = _after(cursor)
    if mark is not None:
        collection = await service.earlier.listed_in(collection, name, mark)
    clauses = [parse_where(where)] if where and where.strip() else []
    if filter_json:
        try:
            clauses.append(parse_json(loaded(filter_json)))
        except (ValueError, RecursionError) as error:
            raise ServiceError(422, "bad-filter", f"no JSON ({error})", field="filter") from error

    def page() -> RecordPage:
        meant = [checked_filter(collection, clause) for clause in clauses]
        with collection.reading() as session:
            found = session.records.after(after, limit + 1, [one for one in meant if one])
            shown = found[:limit]
            parts = session.parts.of_records([number for number, _ in shown])
        records = [
            record_out(replace(one, parts=parts.get(number, ())), name) for number, one in shown
        ]
        more = None
        if len(found) > limit:
            more = _cursor(shown[-1][0], listing_mark(collection.path.name))
        return RecordPage(records=records, cursor=more)

    listed: RecordPage = await service.searching.run(page)
    return listed


@router.get("/{name}/records/{record_id:record}", responses=WITH_ETAG)
async def get_record(
    collection: Readable, service: ServiceDependency, name: Name, record_id: str, response: Response
) -> RecordOut:
    """Return a record with its parts; its ETag changes with it."""
    record = await service.searching.run(collection.record, record_id)
    response.headers["ETag"] = record_etag(record)
    return record_out(record, name)


@router.patch("/{name}/records/{record_id:record}", responses={**WITH_ETAG, **CONDITIONAL})
async def patch_record(
    collection: Writable,
    service: ServiceDependency,
    name: Name,
    record_id: str,
    body: RecordPatch,
    response: Response,
    if_match: IfMatch = None,
) -> RecordOut:
    """Change some of a record: fields, and the texts and pictures of roles.

    What stays is not embedded again. With ``If-Match`` only a record with that ETag is changed.
    """
    if not (body.metadata or body.texts or body.images):
        detail = "nothing is to be changed: give metadata, texts or images"
        raise ServiceError(422, "invalid", detail, field="body")
    record = await service.uploading.run(
        change_record,
        collection,
        record_id,
        change_of(body),
        encoder=partial(service.encoder_of, collection),
        decoders=service.decoders,
        media=service.container.media(collection),
        check=matching_etag(if_match),
    )
    response.headers["ETag"] = record_etag(record)
    return record_out(record, name)


@router.delete(
    "/{name}/records/{record_id:record}", status_code=204, response_class=Response,
    responses=CONDITIONAL,
)  # fmt: skip
async def delete_record(
    collection: Writable, service: ServiceDependency, record_id: str, if_match: IfMatch = None
) -> Response:
    """Remove a record; with ``If-Match`` only one with that ETag."""
    check = matching_etag(if_match)
    await service.storing.run(
        remove_records,
        collection,
        [record_id],
        check=lambda session: check(record_in(session, record_id)) if if_match else None,
    )
    service.removal_traces.note(collection, [record_id])
    return Response(status_code=204)


async def _parse(request: Request) -> tuple[RecordsIn, dict[str, bytes]]:
    """Read either form of the request."""
    body = await payloads.read(request, "records", max_files=1000)
    if body.text is None:
        raise ServiceError(
            422, "invalid", "the form has no field records with the JSON", field="records"
        )
    return payloads.parse(RecordsIn, body.text), dict(body.files)


def _cursor(number: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"r{number} {mark}".encode()).decode().rstrip("=")


def _after(cursor: str | None) -> tuple[int, str | None]:
    """Return behind which record a page begins, and the mark of its collection."""
    if not cursor:
        return 0, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        number, _, mark = text.removeprefix("r").partition(" ")
        if not (text.startswith("r") and number.isascii() and number.isdigit()):
            raise ValueError(text)
        return min(int(number), 2**62), mark or None
    except ValueError as error:
        raise CursorError("the cursor is damaged; start again without one") from error
