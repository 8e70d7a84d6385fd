"""Labels for pictures, match scores, and captions."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from fastapi import APIRouter

from api.access import KeyDependency, Readable, ServiceDependency, allow
from api.answers import search_out
from api.bodies import decoded
from api.label_schemas import (
    CaptionsIn,
    LabelledOut,
    LabelOut,
    LabelsIn,
    LabelsOut,
    MatchIn,
    MatchOut,
)
from api.problems import ServiceError
from api.search_schemas import SearchOut
from api.service import Service, Stopwatch, usable
from binocle.collection import Collection
from binocle.encoders.base import unit_rows
from binocle.errors import BinocleError, QueryError
from binocle.filters import parse_json
from binocle.types import Float32Array
from search.labelling import Labelled, Labeller
from search.labels import Labelling, LabelSet
from search.query import Query, Term

router = APIRouter(tags=["labels"])
_AT_ONCE = 2000


@router.post("/{name}/labels")
async def label(
    collection: Readable, service: ServiceDependency, key: KeyDependency, body: LabelsIn
) -> LabelsOut:
    """Label pictures brought along, or records, with the likeliest of your labels.

    To write labels takes a key that may write.
    """
    watch = Stopwatch(service.metrics)
    if body.write is not None:
        allow(key, "write", collection.path.name)
    if body.images and (body.write is not None or body.filter is not None):
        detail = "write and filter are for records; leave out the images"
        raise ServiceError(422, "bad-query", detail, field="images")
    labeller = service.workshop.labeller(collection)
    rows = await _embedded(service, collection, body.images, watch)
    with watch.stage("embed"):
        label_set = await service.storing.run(labeller.label_set, body.labels, body.templates)
    with watch.stage("label"):
        if rows is not None:
            found = label_set.label(rows, limit=body.limit, force=body.force)
            counted = _Counted([_out(None, one) for one in found], found)
        else:
            counted = await service.storing.run(_label_records, labeller, label_set, body)
    return LabelsOut(
        items=counted.items,
        counts=counted.counts(),
        none=counted.none,
        written=counted.written if body.write is not None else None,
        took_ms=watch.result(),
    )


@router.post("/{name}/match")
async def match(collection: Readable, service: ServiceDependency, body: MatchIn) -> MatchOut:
    """Tell how well a text and a picture go together."""
    watch = Stopwatch(service.metrics)
    _check_one(body.image, body.record)
    if body.record is not None:
        row = await service.searching.run(_row_of, collection, body.record)
    else:
        rows = await _embedded(service, collection, [body.image or ""], watch, "image")
        assert rows is not None
        row = rows[0]
    labeller = service.workshop.labeller(collection)
    with watch.stage("match"):
        found = await service.storing.run(labeller.match, body.text, row)
    return MatchOut(
        similarity=found.similarity,
        probability=found.probability,
        relevance=found.relevance,
        took_ms=watch.result(),
    )


@router.post("/{name}/captions")
async def captions(collection: Readable, service: ServiceDependency, body: CaptionsIn) -> SearchOut:
    """Find the captions for a picture among the texts of the collection, best first."""
    watch = Stopwatch(service.metrics)
    _check_one(body.image, body.record)
    where = parse_json(body.filter) if body.filter else None
    term = Term(record=body.record) if body.record is not None else None
    if term is None:
        rows = await _embedded(service, collection, [body.image or ""], watch, "image")
        assert rows is not None
        term = Term(vector=rows[0], source="image")
    query = Query((term,), "text", where, body.limit, body.cursor, mode="semantic")
    with watch.stage("search"):
        answer = (await service.searches.submit([(collection, query)]))[0]
    if isinstance(answer, BinocleError):
        raise answer
    return search_out(answer, collection, watch.result(), [])


class _Counted:
    """Labelled records, the first of them as they go over the wire."""

    def __init__(self, items: list[LabelledOut], found: Sequence[Labelling] = ()) -> None:
        self.items = items
        self.none = 0
        self.written = 0
        self._counts: dict[str, int] = {}
        self.add(found)

    def add(self, found: Sequence[Labelling]) -> None:
        """Count more."""
        for one in found:
            if one.best is None:
                self.none += 1
            else:
                self._counts[one.best] = self._counts.get(one.best, 0) + 1

    def counts(self) -> dict[str, int]:
        """Return how many got each label, most first."""
        return dict(sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _label_records(labeller: Labeller, label_set: LabelSet, body: LabelsIn) -> _Counted:
    where = parse_json(body.filter) if body.filter else None
    counted = _Counted([])
    found = labeller.label_records(label_set, where=where, limit=body.limit, force=body.force)
    while chunk := list(islice(found, _AT_ONCE)):
        counted.add([one.labelling for one in chunk])
        room = max(0, body.items - len(counted.items))
        counted.items += [_of_record(one) for one in chunk[:room]]
        if body.write is not None:
            counted.written += labeller.write(chunk, body.write)
    return counted


def _of_record(one: Labelled) -> LabelledOut:
    return _out(one.record.id, one.labelling)


def _out(name: str | None, labelling: Labelling) -> LabelledOut:
    labels = [LabelOut(label=one, probability=value) for one, value in labelling.labels]
    return LabelledOut(id=name, label=labelling.best, labels=labels, none=labelling.none)


def _check_one(image: str | None, record: str | None) -> None:
    if (image is None) == (record is None):
        raise ServiceError(422, "bad-query", "give exactly one of image and record", field="image")


def _row_of(collection: Collection, record_id: str) -> Float32Array:
    rows = collection.vectors_of(record_id)[1]["image"]
    if not rows:
        raise QueryError(f"the record {record_id!r} has no picture")
    row: Float32Array = unit_rows(np.mean(rows, axis=0)[np.newaxis])[0]
    return row


async def _embedded(
    service: Service,
    collection: Collection,
    pictures: Sequence[str],
    watch: Stopwatch,
    field: str = "images",
) -> Float32Array | None:
    """Return the rows of base64 pictures; None for no pictures."""
    if not pictures:
        return None
    desk = await service.desk_of(collection)
    with watch.stage("decode"):
        data = [decoded(one, field) for one in pictures]
        found = await service.decode_all(data, desk.encoder.image_spec)
    with watch.stage("embed"):
        return np.stack(await desk.images([usable(one).pixels for one in found]))
