"""Small records, and what writes them to a catalogue."""

from hashlib import sha256

import numpy as np

from binocle.catalog.base import Catalog, CatalogReader
from binocle.types import (
    ImageInfo,
    Kind,
    MetadataValue,
    NewPart,
    NewRecord,
)


def text(content: str, role: str = "title") -> NewPart:
    return part(content, role=role, text=content)


def image(content: str) -> NewPart:
    return part(content, role="image", info=ImageInfo(1, 1, 9, "png"))


def part(
    content: str, *, role: str, text: str | None = None, info: ImageInfo | None = None
) -> NewPart:
    digest = sha256(content.encode()).digest()
    vector = np.frombuffer(digest[:4], np.uint8).astype(np.float32)
    kind: Kind = "text" if info is None else "image"
    row = (vector / np.linalg.norm(vector)).astype(np.float32)
    colour = None if info is None else "#010203"
    return NewPart(kind, role, f"mem:{content}", digest, row, text, info, colour=colour)


def record(key: str, *parts: NewPart, **metadata: MetadataValue) -> NewRecord:
    return NewRecord(key, f"mem:{key}", metadata, parts)


def put(catalog: Catalog, *records: NewRecord, source_id: int | None = None) -> int:
    with catalog.writing() as session:
        return session.records.upsert(records, source_id=source_id)


def keys(session: CatalogReader) -> list[str]:
    return [one.id for _, one in session.records.after(0, 1000, [])]
