"""Records with texts, and which of them have a phrase."""

import hashlib
from collections.abc import Sequence

import numpy as np

from binocle.catalog import text_rows
from binocle.catalog.base import CatalogReader
from binocle.types import MetadataValue, NewPart, NewRecord


def record(
    key: str, texts: Sequence[str], uri: str = "/d/x.jpg", **metadata: MetadataValue
) -> NewRecord:
    parts = tuple(
        NewPart(
            "text",
            "caption",
            "",
            hashlib.sha256(text.encode()).digest(),
            np.ones(1, np.float32),
            text,
        )
        for text in texts
    )
    return NewRecord(key, uri, metadata, parts)


def having(session: CatalogReader, *phrase: str) -> list[int]:
    rows = session.words.rows_with([phrase])
    return sorted({int(one) for one in rows >> text_rows.RECORD_SHIFT})
