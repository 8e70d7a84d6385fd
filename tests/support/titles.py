"""Records of one text, and a catalogue of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from binocle.catalog.sqlite import SqliteCatalog
from binocle.types import MetadataValue, NewPart, NewRecord


def record(
    key: str,
    title: str | Sequence[str],
    role: str = "title",
    uri: str = "/shop/0.jpg",
    **metadata: MetadataValue,
) -> NewRecord:
    texts = [title] if isinstance(title, str) else title
    parts = tuple(
        NewPart(
            "text", role, "", hashlib.sha256(text.encode()).digest(), np.ones(1, np.float32), text
        )
        for text in texts
    )
    return NewRecord(key, uri, metadata, parts)


def store(path: Path, records: Sequence[NewRecord]) -> SqliteCatalog:
    database = SqliteCatalog(path / "catalog.sqlite")
    with database.writing() as session:
        session.records.upsert(records)
    return database
