"""Changes to records as they come, and on which condition."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header

from api.http.errors.problems import ServiceError
from api.http.mapping.payloads import decoded
from api.http.mapping.stored_records import record_etag
from api.http.schemas.changes import RecordPatch
from api.http.schemas.common import Problem
from binocle.types import Record
from indexer.record_changes import RecordChange
from indexer.sources.uploads import uploaded_image

IfMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags of the record as it was read, or *: else 412"),
]
WITH_ETAG: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "Changes with it", "schema": {"type": "string"}}}}
}
CONDITIONAL: dict[int | str, dict[str, Any]] = {
    412: {"description": "The record is another one by now", "model": Problem}
}


def change_of(patch: RecordPatch) -> RecordChange:
    """Return what a patch asks for.

    Raises:
        ServiceError: 422, a picture is no base64.
    """
    images = {
        role: tuple(uploaded_image(role, decoded(one, f"images.{role}")) for one in _listed(given))
        for role, given in patch.images.items()
    }
    texts = {role: tuple(_listed(given)) for role, given in patch.texts.items()}
    return RecordChange(patch.metadata, texts, images)


def matching_etag(if_match: str | None) -> Callable[[Record], None]:
    """Return what checks that a record has one of the ETags of a header, if there is one.

    What it returns raises ``ServiceError`` 412 where the record has none of them.
    """
    wanted = [one.strip() for one in (if_match or "*").split(",")]

    def check(record: Record) -> None:
        if "*" not in wanted and record_etag(record) not in wanted:
            detail = f"the record has changed: its ETag is {record_etag(record)} now; read it again"
            raise ServiceError(412, "changed", detail, field="header.if-match")

    return check


def _listed(given: str | list[str] | None) -> list[str]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
