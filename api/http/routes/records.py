"""Records: storing, reading, changing, removing."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Query as Parameter

from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.mapping.answers import record_out
from api.http.mapping.payloads import decoded
from api.http.runtime.dependencies import Readable, ServiceDependency, Writable
from api.http.runtime.encoder_queue import EncoderQueue
from api.http.runtime.service import Service, usable
from api.http.schemas.common import (
    ImageIn,
    ItemError,
    MetadataPatch,
    RecordIn,
    RecordOut,
    RecordPage,
    RecordResult,
    RecordsIn,
    RecordsOut,
)
from api.operations.removal import remove_records
from binocle.catalog.metadata_json import metadata_json
from binocle.errors import BinocleError, CursorError, NotFoundError, PictureError
from binocle.metadata.filter_parsing import parse_json
from binocle.types import Float32Array, MetadataValue, NewPart, NewRecord, Picture, Record
from indexer import uploads
from search.query.filter_language import parse_where

router = APIRouter(tags=["records"])
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
    encoder_queue = await service.encoder_queue_of(collection)
    if collection.space is None:
        await service.storing.run(collection.claim_space, encoder_queue.encoder.space)
    prepared, contents = await _prepare(service, encoder_queue, body.records, files)
    good = [one for one in prepared if isinstance(one, NewRecord)]
    if good:
        await service.storing.run(uploads.store, collection, good, contents)
    results = [
        RecordResult(id=record.id, status="stored")
        if isinstance(outcome, NewRecord)
        else RecordResult(id=record.id, status="failed", error=outcome)
        for record, outcome in zip(body.records, prepared, strict=True)
    ]
    return RecordsOut(results=results, stored=len(good), failed=len(results) - len(good))


@router.get("/{name}/records")
async def list_records(
    collection: Readable,
    service: ServiceDependency,
    where: Annotated[str | None, Parameter(max_length=4000, examples=["price < 100"])] = None,
    filter_json: Annotated[str | None, Parameter(alias="filter", max_length=4000)] = None,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Parameter(max_length=200)] = None,
) -> RecordPage:
    """List records in the order they were first stored, filtered as typed or as JSON."""
    after = _after(cursor)
    clauses = [parse_where(where)] if where and where.strip() else []
    if filter_json:
        try:
            clauses.append(parse_json(json.loads(filter_json)))
        except (ValueError, RecursionError) as error:
            raise ServiceError(422, "bad-filter", f"no JSON ({error})", field="filter") from error

    def page() -> RecordPage:
        with collection.reading() as session:
            found = session.records.after(after, limit + 1, clauses)
            shown = found[:limit]
            records = [
                record_out(
                    Record(one.id, one.uri, one.metadata, session.parts.of_record(number)),
                    collection.path.name,
                )
                for number, one in shown
            ]
        more = _cursor(shown[-1][0]) if len(found) > limit else None
        return RecordPage(records=records, cursor=more)

    listed: RecordPage = await service.searching.run(page)
    return listed


@router.get("/{name}/records/{record_id:path}")
async def get_record(collection: Readable, service: ServiceDependency, record_id: str) -> RecordOut:
    """Return a record with its parts."""
    record = await service.searching.run(collection.record, record_id)
    return record_out(record, collection.path.name)


@router.patch("/{name}/records/{record_id:path}")
async def patch_record(
    collection: Writable, service: ServiceDependency, record_id: str, body: MetadataPatch
) -> RecordOut:
    """Set metadata fields; null removes one. Nothing is embedded again."""

    def patch() -> Record:
        with collection.writing() as session:
            if not session.records.patch({record_id: body.metadata}):
                raise NotFoundError(f"there is no record {record_id!r}")
        return collection.record(record_id)

    return record_out(await service.storing.run(patch), collection.path.name)


@router.delete("/{name}/records/{record_id:path}", status_code=204, response_class=Response)
async def delete_record(
    collection: Writable, service: ServiceDependency, record_id: str
) -> Response:
    """Remove a record."""
    await service.storing.run(remove_records, collection, [record_id])
    return Response(status_code=204)


async def _parse(request: Request) -> tuple[RecordsIn, dict[str, bytes]]:
    """Read either form of the request."""
    body = await payloads.read(request, "records", max_files=1000)
    if body.text is None:
        raise ServiceError(
            422, "invalid", "the form has no field records with the JSON", field="records"
        )
    return payloads.parse(RecordsIn, body.text), dict(body.files)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A record whose pictures are read but not yet embedded."""

    record: RecordIn
    images: list[tuple[ImageIn, bytes]]
    texts: list[tuple[str, str]]


async def _prepare(
    service: Service,
    encoder_queue: EncoderQueue,
    records: Sequence[RecordIn],
    files: dict[str, bytes],
) -> tuple[list[NewRecord | ItemError], dict[bytes, bytes]]:
    """Decode and embed all parts, in one batch; what is wrong with a record stays with it.

    Returns:
        Each record as it is stored, or what is wrong with it; and the pictures by SHA-256.
    """
    drafts = [_draft(record, files) for record in records]
    data = [one for draft in drafts if isinstance(draft, _Draft) for _, one in draft.images]
    spec = replace(encoder_queue.encoder.image_spec, fingerprint=True)
    pictures = dict(zip(map(id, data), await service.decode_all(data, spec), strict=True))
    for place, draft in enumerate(drafts):
        if isinstance(draft, _Draft):
            for _, one in draft.images:
                picture = pictures[id(one)]
                if isinstance(picture, PictureError):
                    drafts[place] = ItemError(code=picture.code, detail=str(picture))
    good = [draft for draft in drafts if isinstance(draft, _Draft)]
    kept = [one for draft in good for _, one in draft.images]
    texts = [text for draft in good for _, text in draft.texts]
    image_rows = iter(
        await encoder_queue.images([usable(pictures[id(one)]).pixels for one in kept])
    )
    text_rows = iter(await encoder_queue.texts(texts) if texts else [])
    hashes = await service.storing.run(_hashes, kept)
    prepared = [
        _new_record(draft, pictures, hashes, image_rows, text_rows)
        if isinstance(draft, _Draft)
        else draft
        for draft in drafts
    ]
    return prepared, {hashes[id(data)]: data for data in kept}


def _draft(record: RecordIn, files: dict[str, bytes]) -> _Draft | ItemError:
    images = [one if isinstance(one, ImageIn) else ImageIn(data=one) for one in record.images]
    texts = [
        (role, text)
        for role, value in record.texts.items()
        for text in (value if isinstance(value, list) else [value])
    ]
    if not images and not texts:
        return ItemError(code="empty", detail="a record needs a picture or a text")
    try:
        metadata_json(record.metadata)
        return _Draft(record, [(one, _bytes_of(one, files)) for one in images], texts)
    except BinocleError as error:
        return ItemError(code=error.code, detail=str(error))


def _hashes(pictures: Sequence[bytes]) -> dict[int, bytes]:
    """Return the SHA-256 of each picture by its identity."""
    return {id(data): hashlib.sha256(data).digest() for data in pictures}


def _new_record(
    draft: _Draft,
    pictures: Mapping[int, Picture | PictureError],
    hashes: Mapping[int, bytes],
    image_rows: Iterator[Float32Array],
    text_rows: Iterator[Float32Array],
) -> NewRecord:
    record = draft.record
    parts: list[NewPart] = []
    metadata: dict[str, MetadataValue] = dict(record.metadata)
    for image, data in draft.images:
        sha256 = hashes[id(data)]
        uri = uploads.uri_of(sha256)
        picture = usable(pictures[id(data)])
        info = picture.info
        parts.append(
            NewPart(
                "image",
                image.role,
                uri,
                sha256,
                next(image_rows),
                info=info,
                fingerprint=picture.fingerprint,
            )
        )
        for name, value in info.as_metadata().items():
            metadata.setdefault(name, value)
        metadata.setdefault("sha256", sha256.hex())
    for role, text in draft.texts:
        sha256 = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        parts.append(NewPart("text", role, f"text:{role}", sha256, next(text_rows), text=text))
    return NewRecord(record.id, record.uri or parts[0].uri, metadata, tuple(parts))


def _bytes_of(image: ImageIn, files: dict[str, bytes]) -> bytes:
    if (image.data is None) == (image.file is None):
        raise ServiceError(422, "invalid", "a picture has either data or the name of a file")
    if image.data is not None:
        return decoded(image.data, "images")
    if image.file not in files:
        raise ServiceError(422, "invalid", f"the form has no file named {image.file!r}")
    return files[image.file]


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"r{number}".encode()).decode().rstrip("=")


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if not (text.startswith("r") and text[1:].isascii() and text[1:].isdigit()):
            raise ValueError(text)
        return min(int(text[1:]), 2**62)
    except ValueError as error:
        raise CursorError("the cursor is damaged; start again without one") from error
