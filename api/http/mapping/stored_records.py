"""Records and their parts as they go over the wire."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from api.http.mapping.pictures import picture_members
from api.http.mapping.public_names import public_uri
from api.http.schemas.common import RecordOut
from binocle.types import Part, Record


def record_out(record: Record, collection: str) -> RecordOut:
    """Return a record with its parts."""
    first = next((one for one in record.parts if one.picture is not None), None)
    return RecordOut.model_validate(
        {
            "id": record.id,
            "uri": public_uri(record.uri),
            "metadata": dict(record.metadata),
            "texts": texts_by_role(record.parts),
            "parts": [
                {**part_json(part), **picture_members(collection, record.id, part)}
                for part in record.parts
            ],
            **picture_members(collection, record.id, first),
        }
    )


def record_etag(record: Record) -> str:
    """Return what a record is told from other states of it by: parts never change, but for ids."""
    parts = [(one.id, one.role, one.uri) for one in record.parts]
    said = json.dumps([record.id, record.uri, dict(record.metadata), parts], sort_keys=True)
    return f'"{hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=12).hexdigest()}"'


def part_json(part: Part) -> dict[str, Any]:
    """Return a part, a ``PartOut``."""
    return {
        "id": part.id,
        "kind": part.kind,
        "role": part.role,
        "uri": public_uri(part.uri),
        "text": part.text,
    }


def texts_by_role(parts: Iterable[Part]) -> dict[str, list[str]]:
    """Return the texts among parts, by role, in order."""
    found: dict[str, list[str]] = {}
    for part in parts:
        if part.text is not None:
            found.setdefault(part.role, []).append(part.text)
    return found
