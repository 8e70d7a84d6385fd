"""Where the pictures of records are had, and what is known of them before they are."""

from typing import Any
from urllib.parse import quote

from binocle.types import Part


def picture_members(collection: str, record_id: str, part: Part | None) -> dict[str, Any]:
    """Return ``picture``, ``thumbnail`` and ``image`` of a part; of none, and of a text, nulls."""
    picture = part.picture if part is not None else None
    if part is None or picture is None:
        return {"picture": None, "thumbnail": None, "image": None}
    record, exactly = _record(collection, record_id), f"?part={part.id}&v={picture.version}"
    return {
        "picture": {
            "width": picture.width,
            "height": picture.height,
            "colour": picture.colour,
            "version": picture.version,
        },
        "thumbnail": f"{record}/thumbnail{exactly}",
        "image": f"{record}/image{exactly}",
    }


def thumbnail_path(collection: str, record_id: str, part_id: int) -> str:
    """Return the path of a picture's thumbnail."""
    return f"{_record(collection, record_id)}/thumbnail?part={part_id}"


def _record(collection: str, record_id: str) -> str:
    return f"/v1/collections/{collection}/records/{quote(record_id, safe='')}"
