"""From what the rooms return to what goes over the wire."""

from dataclasses import asdict
from urllib.parse import quote

from api.http.runtime.service import public_model
from api.http.schemas.common import PartOut, RecordOut
from api.http.schemas.search import ContributionOut, FacetOut, HitOut, SearchOut
from binocle.collection.collection import Collection
from binocle.types import Hit, Part, Record
from search.results.answer import Answer


def search_out(
    answer: Answer, collection: Collection, took_ms: dict[str, float], warnings: list[str]
) -> SearchOut:
    """Return an answer as it goes over the wire."""
    space = collection.space
    return SearchOut(
        hits=[_hit(hit, collection.path.name) for hit in answer.hits],
        cursor=answer.cursor,
        target=answer.target,
        exact=answer.exact,
        mode=answer.mode,
        no_match=answer.no_match,
        unrated=answer.unrated,
        relevant=answer.relevant,
        facets=[FacetOut.model_validate(asdict(one)) for one in answer.facets],
        turn=answer.turn,
        looking_for=answer.looking_for,
        space=public_model(space.name) if space else None,
        warnings=warnings,
        took_ms=took_ms,
    )


def record_out(record: Record, collection: str) -> RecordOut:
    """Return a record with its parts."""
    return RecordOut(
        id=record.id,
        uri=public_uri(record.uri),
        metadata=dict(record.metadata),
        parts=[_part(part) for part in record.parts],
        thumbnail=_thumbnail(record, collection),
    )


def public_uri(uri: str) -> str:
    """Return a uri without the folders of this machine: a client has no use for them."""
    return uri.rsplit("/", 1)[-1] if uri.startswith("/") else uri


def _hit(hit: Hit, collection: str) -> HitOut:
    return HitOut(
        id=hit.record.id,
        score=hit.score,
        similarity=hit.similarity,
        relevance=hit.relevance,
        contributions=[ContributionOut.model_validate(asdict(one)) for one in hit.contributions],
        uri=public_uri(hit.record.uri),
        kind=hit.part.kind,
        part=_part(hit.part),
        metadata=dict(hit.record.metadata),
        thumbnail=_thumbnail(hit.record, collection, is_picture=hit.part.kind == "image"),
        group_value=hit.group_value,
        group_size=hit.group_size,
        others=[_hit(one, collection) for one in hit.others],
    )


def _part(part: Part) -> PartOut:
    return PartOut(
        id=part.id, kind=part.kind, role=part.role, uri=public_uri(part.uri), text=part.text
    )


def _thumbnail(record: Record, collection: str, *, is_picture: bool = False) -> str | None:
    """Return the path of a record's thumbnail, where it is known to have a picture."""
    known = is_picture or "sha256" in record.metadata
    if not known and not any(part.kind == "image" for part in record.parts):
        return None
    return f"/v1/collections/{collection}/records/{quote(record.id, safe='')}/thumbnail"
