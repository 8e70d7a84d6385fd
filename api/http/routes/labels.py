"""Labels for pictures, match scores, and captions."""

import json
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from fastapi import APIRouter, Request, Response

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.payloads import decoded, json_or_form, with_files
from api.http.mapping.queries import SearchRequest
from api.http.runtime.background.job import Job
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.dependencies import (
    KeyDependency,
    Readable,
    ServiceDependency,
    TellJob,
    allow,
    count_searches,
)
from api.http.runtime.metrics import Stopwatch
from api.http.runtime.service import Service
from api.http.runtime.thread_pool import check_wanted
from api.http.schemas.answers import SearchOut
from api.http.schemas.background.jobs import JobOut
from api.http.schemas.common import Name
from api.http.schemas.labels import (
    MAX_PICTURES,
    CaptionsIn,
    LabelsIn,
    LabelsOut,
    MatchIn,
    MatchOut,
)
from api.http.schemas.search import SearchIn, TermIn
from api.operations.labels import LabelRequest, LabelTally, label_records, labelling_as_json
from binocle.collection.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.errors import QueryError
from binocle.media.kinds import IMAGE, TEXT
from binocle.metadata.filter_parsing import parse_json
from binocle.types import Float32Array
from search.labels.labeller import Labeller, TextMatch, check_texts
from search.labels.zero_shot import LabelSet
from search.query.spellings import checked_filter

router = APIRouter(tags=["labels"], route_class=JsonRoute)
_WRITTEN_IN_A_REQUEST = 10_000
_BESIDE = "The other JSON fields"


@router.post("/{name}/labels", openapi_extra=json_or_form("LabelsIn", "labels", _BESIDE))
async def label(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    key: KeyDependency,
    request: Request,
) -> LabelsOut:
    """Label pictures brought along, or records, with the likeliest of your labels.

    JSON with base64, or multipart with files beside the other fields. To write labels takes a key
    that may write. Over many records that takes minutes: see ``labels/jobs``.
    """
    watch = Stopwatch(service.metrics)
    body, files = await with_files(request, "labels", LabelsIn, max_files=MAX_PICTURES)
    if body.write is not None:
        allow(key, "write", name)
    pictures = [*files, *(decoded(one, "images") for one in body.images)]
    if pictures and (body.write is not None or body.filter is not None):
        detail = "write and filter are for records; leave out the images"
        raise ServiceError(422, "bad-query", detail, field="images")
    count_searches(service, key, len(pictures))
    labeller = await service.storing.run(_labeller_for, service, collection, body, in_a_job=False)
    rows = None
    if pictures:
        rows = await service.fetching.run(_embedded, service, collection, pictures, watch)
    with watch.stage("embed"):
        label_set = await service.storing.run(labeller.label_set, body.labels, body.templates)
    with watch.stage("label"):
        if rows is None:
            tally = await service.storing.run(
                label_records, labeller, label_set, _request_of(body), _page_check(body)
            )
        else:
            tally = await service.storing.run(_label_pictures, label_set, rows, body)
    return _out(tally, watch)


@router.post("/{name}/labels/jobs", status_code=202)
async def start_labelling(
    collection: Readable,
    service: ServiceDependency,
    name: Name,
    key: KeyDependency,
    body: LabelsIn,
    request: Request,
    tell: TellJob,
) -> JobOut:
    """Label records behind the request; what ``labels`` would answer is kept for a while."""
    if body.images:
        raise ServiceError(422, "bad-query", "a job labels records, no images", field="images")
    if body.write is not None:
        allow(key, "write", name)
    # What cannot be understood is refused at once.
    labeller = await service.storing.run(_labeller_for, service, collection, body, in_a_job=True)

    def work(job: Job) -> None:
        watch = Stopwatch(service.metrics)
        job.advance(0, _count(collection, body))
        with watch.stage("embed"):
            label_set = labeller.label_set(body.labels, body.templates)
        with watch.stage("label"):
            tally = label_records(
                labeller,
                label_set,
                _request_of(body),
                lambda more: job.advance(job.done + more, max(job.total, job.done + more)),
            )
        job.counts = {"none": tally.counts[None], "written": tally.written or 0}
        job.result = _out(tally, watch)

    jobs: Jobs = request.app.state.jobs
    return tell(jobs.start("labels", collection, work))


@router.get("/{name}/labels/jobs/{job_id}")
async def labels_of_job(collection: Readable, job_id: str, request: Request) -> LabelsOut:
    """Return what a labelling job has found, once it is done."""
    jobs: Jobs = request.app.state.jobs
    return LabelsOut.model_validate(jobs.result(collection, job_id, "labels"))


@router.post("/{name}/match", openapi_extra=json_or_form("MatchIn", "match", _BESIDE))
async def match(collection: Readable, service: ServiceDependency, request: Request) -> MatchOut:
    """Tell how well a text and a picture go together: JSON, or multipart with a file."""
    watch = Stopwatch(service.metrics)
    body, files = await with_files(request, "match", MatchIn, max_files=1)
    pictures = _one_picture(files, body.image, body.record)
    if body.record is not None:
        row = await service.searching.run(_row_of, collection, body.record)
    else:
        rows = await service.fetching.run(_embedded, service, collection, pictures, watch)
        row = rows[0]
    with watch.stage("match"):
        found = await service.storing.run(_match, service, collection, body.text, row)
    return MatchOut(
        similarity=found.similarity,
        probability=found.probability,
        relevance=found.relevance,
        took_ms=watch.result(),
    )


@router.post(
    "/{name}/captions",
    response_model=SearchOut,
    openapi_extra=json_or_form("CaptionsIn", "captions", _BESIDE),
)
async def captions(
    collection: Readable, service: ServiceDependency, name: Name, request: Request
) -> Response:
    """Find the captions for a picture among the texts of the collection, best first.

    JSON, or multipart with a file.
    """
    body, files = await with_files(request, "captions", CaptionsIn, max_files=1)
    pictures = _one_picture(files, body.image, body.record)
    asked = SearchIn(
        query=[TermIn(record=body.record)] if body.record is not None else [],
        target=TEXT,
        limit=body.limit,
        cursor=body.cursor,
        mode="semantic",
        beyond=True,
        rules="none",
    )
    where = parse_json(body.filter) if body.filter else None
    search = SearchRequest(asked, tuple(pictures), where, collection=name)
    found = await service.searches.answer(collection, search, Stopwatch(service.metrics))
    if not json.loads(found)["hits"]:
        await service.storing.run(check_texts, collection)
    return Response(found, media_type="application/json")


def _labeller_for(
    service: Service, collection: Collection, body: LabelsIn, *, in_a_job: bool
) -> Labeller:
    """Return what labels, once filter, field and number of records have been looked at."""
    if body.filter or body.write is not None:
        count = _count(collection, body)
        if body.write is not None and not in_a_job and count > _WRITTEN_IN_A_REQUEST:
            limit = f"more than {_WRITTEN_IN_A_REQUEST:,} records are not written in one request"
            detail = f"{limit}; start a job at labels/jobs, or give a filter"
            raise ServiceError(422, "too-many-records", detail, field="write")
    labeller = service.container.labeller(collection)
    if body.write is not None:
        labeller.check_field(body.write)
    return labeller


def _page_check(body: LabelsIn) -> Callable[[int], None]:
    """Return what ends labelling that nobody waits for any more; what is written is finished."""
    return lambda _: check_wanted() if body.write is None else None


def _count(collection: Collection, body: LabelsIn) -> int:
    """Return how many records may be labelled; those without a picture are counted too."""
    where = checked_filter(collection, parse_json(body.filter) if body.filter else None)
    with collection.reading() as session:
        return session.records.count(where)


def _request_of(body: LabelsIn) -> LabelRequest:
    return LabelRequest(
        parse_json(body.filter) if body.filter else None,
        body.limit,
        body.force,
        body.write,
        body.items,
    )


def _label_pictures(label_set: LabelSet, rows: Float32Array, body: LabelsIn) -> LabelTally:
    labellings = label_set.label(rows, limit=body.limit, force=body.force)
    return LabelTally(
        [labelling_as_json(None, one) for one in labellings],
        Counter(one.best for one in labellings),
    )


def _out(tally: LabelTally, watch: Stopwatch) -> LabelsOut:
    return LabelsOut.model_validate({**tally.as_json(), "took_ms": watch.result()})


def _one_picture(files: list[bytes], image: str | None, record: str | None) -> list[bytes]:
    """Return the picture of a request; none where it names a record.

    Raises:
        ServiceError: 422, it has neither, or more than one of all.
    """
    if len(files) + (image is not None) + (record is not None) != 1:
        detail = "give exactly one of image, record and a file"
        raise ServiceError(422, "bad-query", detail, field="image")
    return [*files, *([decoded(image, "image")] if image is not None else [])]


def _row_of(collection: Collection, record_id: str) -> Float32Array:
    rows = collection.vectors_of(record_id)[1][IMAGE]
    if not rows:
        raise QueryError(f"the record {record_id!r} has no picture")
    row: Float32Array = unit_rows(np.mean(rows, axis=0)[np.newaxis])[0]
    return row


def _match(service: Service, collection: Collection, text: str, row: Float32Array) -> TextMatch:
    return service.container.labeller(collection).match(text, row)


def _embedded(
    service: Service, collection: Collection, pictures: Sequence[bytes], watch: Stopwatch
) -> Float32Array:
    """Return the rows of pictures, at least one."""
    encoder = service.encoder_of(collection)
    with watch.stage("decode"):
        pixels = service.pixels(pictures, encoder.image_spec)
    with watch.stage("embed"):
        return encoder.encode_images(pixels)
