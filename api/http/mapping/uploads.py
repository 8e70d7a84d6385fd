"""Records of a request as candidates, for the write path."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from api.http.errors.problems import ServiceError
from api.http.mapping import payloads
from api.http.mapping.documents import loaded
from api.http.schemas.common import ImageIn, ItemError, RecordIn, RecordResult
from api.http.schemas.misfits import Misfit
from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.metadata.field_types import metadata_json
from binocle.types import Skip
from indexer.records import Outcome
from indexer.sources.base import Candidate
from indexer.sources.uploads import uploaded_image, uploaded_text
from indexer.upload import store_upload


def candidate_of(record: RecordIn, files: Mapping[str, bytes]) -> Candidate:
    """Return what a record is to the indexer; one that is wrong in itself with the reason.

    Args:
        record: As it came.
        files: The other fields of a form, which its pictures may name.
    """
    texts = [
        uploaded_text(role, text)
        for role, value in record.texts.items()
        for text in (value if isinstance(value, list) else [value])
    ]
    try:
        metadata_json(record.metadata)
        images = [
            uploaded_image(one.role, _bytes_of(one, files))
            for image in record.images
            for one in (image if isinstance(image, ImageIn) else ImageIn(data=image),)
        ]
    except BinocleError as error:
        return _failed(record, Skip(error.code, str(error)))
    if not images and not texts:
        return _failed(record, Skip("empty", "a record needs a picture or a text"))
    uri = record.uri or (images[0].uri if images else texts[0].uri)
    return Candidate(record.id, "", record.id, uri, record.metadata, tuple(images), tuple(texts))


def parsed_record(text: bytes) -> RecordIn | RecordResult:
    """Return the record that a line of JSON holds, or what to answer where it holds none."""
    try:
        document = loaded(text)
    except (ValueError, RecursionError) as error:
        return failed_record("", "invalid", f"the line is no JSON ({error})")
    try:
        return RecordIn.model_validate(document)
    except ValidationError as error:
        return refused_record(Misfit(document, error.errors()))


def refused_record(misfit: Misfit) -> RecordResult:
    """Return what to answer to what is no record: its id, where it has one, and why."""
    known = misfit.document.get("id") if isinstance(misfit.document, dict) else None
    refusal = payloads.refusal(misfit.errors, misfit.document, RecordIn)
    name, field, said = known if isinstance(known, str) else "", refusal.field or "", str(refusal)
    is_named = field in ("", "body") or said.startswith(field)
    return failed_record(name, refusal.code, said if is_named else f"{field}: {said}")


def failed_record(name: str, code: str, detail: str) -> RecordResult:
    """Return what to answer where a record is not stored."""
    return RecordResult(id=name, status="failed", error=ItemError(code=code, detail=detail))


def store_each(
    collection: Collection,
    records: Sequence[RecordIn | RecordResult],
    files: Mapping[str, bytes],
    encoder: Encoder,
    decoders: DecoderPool,
    check: Callable[[], None],
) -> list[RecordResult]:
    """Store records; what is wrong with one of them stays with it.

    Args:
        collection: Where to.
        records: What came, and what is to be answered to what cannot be stored.
        files: The other fields of a form, which pictures may name.
        encoder: The collection's.
        decoders: Decode pictures.
        check: As for ``store_upload``.

    Returns:
        What became of each, in order.
    """
    good = [candidate_of(one, files) for one in records if isinstance(one, RecordIn)]
    stored = store_upload(collection, good, encoder, decoders, check) if good else ()
    outcomes = iter(stored)
    return [one if isinstance(one, RecordResult) else _result(next(outcomes)) for one in records]


def _result(outcome: Outcome) -> RecordResult:
    name = outcome.candidate.record_id
    if outcome.skips:
        return failed_record(name, outcome.skips[0].code, outcome.skips[0].message)
    return RecordResult(id=name, status="stored")


def _failed(record: RecordIn, skip: Skip) -> Candidate:
    return Candidate(record.id, "", record.id, record.uri or "", skip=skip)


def _bytes_of(image: ImageIn, files: Mapping[str, bytes]) -> bytes:
    if (image.data is None) == (image.file is None):
        raise ServiceError(422, "invalid", "a picture has either data or the name of a file")
    if image.data is not None:
        return payloads.decoded(image.data, "images")
    if image.file is None or image.file not in files:
        raise ServiceError(422, "invalid", f"the form has no file named {image.file!r}")
    return files[image.file]
