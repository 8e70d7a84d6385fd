"""From what the rooms return to what goes over the wire."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.http.schemas.common import PartOut, RecordOut
from binocle.collection.collection import Collection
from binocle.media.kinds import IMAGE
from binocle.types import Hit, Part, Record
from search.results.answer import Answer


def search_json(
    answer: Answer, collection: Collection, warnings: list[str], took_ms: dict[str, float]
) -> str:
    """Return an answer as it goes over the wire: a ``SearchOut``."""

    def shown(hit: Hit) -> dict[str, Any]:
        name, is_picture = collection.path.name, hit.part.kind == IMAGE
        return {
            "uri": public_uri(hit.record.uri),
            "part": _part(hit.part),
            "thumbnail": _thumbnail(hit.record, name, is_picture=is_picture),
        }

    space = collection.space
    document = {
        **answer_as_json(answer, shown),
        "space": public_model(space.name) if space else None,
        "warnings": warnings,
        "took_ms": took_ms,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def answer_as_json(answer: Answer, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    """Return an answer as a JSON object.

    Args:
        answer: What a search found.
        shown: Returns what a door tells of a hit in its own way: where it lies, its part.
    """
    return {
        "hits": [_hit(hit, shown) for hit in answer.hits],
        "cursor": answer.cursor,
        "target": answer.target,
        "exact": answer.exact,
        "mode": answer.mode,
        "no_match": answer.no_match,
        "unrated": answer.unrated,
        "relevant": answer.relevant,
        "facets": [asdict(facet) for facet in answer.facets],
        "turn": answer.turn,
        "looking_for": answer.looking_for,
    }


def record_out(record: Record, collection: str) -> RecordOut:
    """Return a record with its parts."""
    return RecordOut(
        id=record.id,
        uri=public_uri(record.uri),
        metadata=dict(record.metadata),
        parts=[PartOut(**_part(part)) for part in record.parts],
        thumbnail=_thumbnail(record, collection),
    )


def public_uri(uri: str) -> str:
    """Return a uri without the folders of this machine: a client has no use for them."""
    return uri.rsplit("/", 1)[-1] if uri.startswith("/") else uri


def thumbnail_path(collection: str, record_id: str) -> str:
    """Return the path of a record's thumbnail; the record has a picture."""
    return f"/v1/collections/{collection}/records/{quote(record_id, safe='')}/thumbnail"


def public_model(name: str) -> str:
    """Return a model's name as clients see it: of a local folder or file only the last part."""
    folder = Path(name)
    if folder.is_absolute():
        return folder.name
    architecture, slash, pretrained = name.partition("/")
    return f"{architecture}/{Path(pretrained).name}" if slash and "/" in pretrained else name


def _hit(hit: Hit, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": hit.record.id,
        "score": hit.score,
        "similarity": hit.similarity,
        "relevance": hit.relevance,
        "contributions": [asdict(one) for one in hit.contributions],
        "kind": hit.part.kind,
        **shown(hit),
        "metadata": dict(hit.record.metadata),
        "group_value": hit.group_value,
        "group_size": hit.group_size,
        "others": [_hit(other, shown) for other in hit.others],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "id": part.id,
        "kind": part.kind,
        "role": part.role,
        "uri": public_uri(part.uri),
        "text": part.text,
    }


def _thumbnail(record: Record, collection: str, *, is_picture: bool = False) -> str | None:
    """Return the path of a record's thumbnail, where it is known to have a picture."""
    known = is_picture or "sha256" in record.metadata
    if not known and not any(part.kind == IMAGE for part in record.parts):
        return None
    return thumbnail_path(collection, record.id)
