"""Records of a request as candidates, for the write path."""

from collections.abc import Mapping, Sequence

from api.http.errors.problems import ServiceError
from api.http.mapping.payloads import decoded
from api.http.schemas.common import ImageIn, ItemError, RecordIn, RecordResult, RecordsOut
from binocle.errors import BinocleError
from binocle.metadata.field_types import metadata_json
from binocle.types import Skip
from indexer.records import Outcome
from indexer.sources.base import Candidate
from indexer.sources.uploads import uploaded_image, uploaded_text


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


def records_out(outcomes: Sequence[Outcome]) -> RecordsOut:
    """Return the answer: what became of each record."""
    results = [
        RecordResult(
            id=one.candidate.record_id,
            status="failed" if one.skips else "stored",
            error=ItemError(code=one.skips[0].code, detail=one.skips[0].message)
            if one.skips
            else None,
        )
        for one in outcomes
    ]
    failed = sum(one.status == "failed" for one in results)
    return RecordsOut(results=results, stored=len(results) - failed, failed=failed)


def _failed(record: RecordIn, skip: Skip) -> Candidate:
    return Candidate(record.id, "", record.id, record.uri or "", skip=skip)


def _bytes_of(image: ImageIn, files: Mapping[str, bytes]) -> bytes:
    if (image.data is None) == (image.file is None):
        raise ServiceError(422, "invalid", "a picture has either data or the name of a file")
    if image.data is not None:
        return decoded(image.data, "images")
    if image.file is None or image.file not in files:
        raise ServiceError(422, "invalid", f"the form has no file named {image.file!r}")
    return files[image.file]
