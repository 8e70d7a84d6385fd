"""What became of a shard, as a Parquet file: a row for each picture and text of its items.

Columns: ``id`` of the record, ``uri``, ``kind``, ``sha256`` of the content, ``vector`` (float16;
only in the first row of a content), ``outcome`` (``embedded``, or the code of why it was skipped)
and ``message``; ``info``, ``hash``, ``features`` and ``colour`` of a picture. The space of the
vectors stands in the file's metadata.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from binocle.errors import SourceError
from binocle.files import replacing
from binocle.media.kinds import KINDS
from binocle.types import Fingerprint, Float32Array, ImageInfo, Kind, NewPart, Skip, Space

if TYPE_CHECKING:
    import pyarrow as pa

_EMBEDDED = "embedded"
_KEY = b"binocle-shard"


@dataclass(frozen=True, slots=True)
class ShardRow:
    """What became of a picture or a text.

    Attributes:
        record_id: Of its record.
        uri: Where it lies.
        kind: Which kind of part it is.
        sha256: Of its content; empty where that could not be read.
        part: With its vector, in the first row of a content.
        skip: Why it cannot be used.
    """

    record_id: str
    uri: str
    kind: Kind
    sha256: bytes
    part: NewPart | None = None
    skip: Skip | None = None


@dataclass(slots=True)
class ShardContents:
    """What is known of a shard's contents.

    Attributes:
        parts: By kind and SHA-256.
        pictures: By uri: the SHA-256 of each, or why it was skipped.
    """

    parts: dict[tuple[Kind, bytes], NewPart] = field(default_factory=dict)
    pictures: dict[str, bytes | Skip] = field(default_factory=dict)


def write_shard(path: Path, rows: Sequence[ShardRow], space: Space) -> None:
    """Write a shard's file, which is there whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    schema = _schema(pa).with_metadata({_KEY: json.dumps(asdict(space))})
    with replacing(path) as file:
        table = pa.Table.from_pylist([_as_row(one) for one in rows], schema)
        pyarrow.parquet.write_table(table, file, compression="zstd")


def read_shard(path: Path, space: Space) -> ShardContents:
    """Return what a shard's file says.

    Raises:
        SourceError: It cannot be read, is damaged, or its vectors are of another space.
    """
    import pyarrow as pa
    import pyarrow.parquet

    contents = ShardContents()
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            told = (file.schema_arrow.metadata or {})[_KEY]
            if json.loads(told)["fingerprint"] != space.fingerprint:
                raise SourceError(f"the vectors of {path} are of another model than {space.name}")
            for batch in file.iter_batches(1000):
                for row in batch.to_pylist():
                    _take(contents, row, space)
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise SourceError(
            f"{path} is damaged ({error}); remove it and embed its shard again"
        ) from error
    return contents


def _schema(pa: Any) -> "pa.Schema":
    return pa.schema(
        [
            ("id", pa.string()), ("uri", pa.string()), ("kind", pa.string()),
            ("sha256", pa.binary()), ("vector", pa.list_(pa.float16())),
            ("outcome", pa.string()), ("message", pa.string()), ("info", pa.string()),
            ("hash", pa.binary()), ("features", pa.binary()), ("colour", pa.string()),
        ]
    )  # fmt: skip


def _as_row(one: ShardRow) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": one.record_id, "uri": one.uri, "kind": one.kind, "sha256": one.sha256,
        "outcome": one.skip.code if one.skip else _EMBEDDED,
        "message": one.skip.message if one.skip else None,
    }  # fmt: skip
    if one.part is not None:
        made, info = one.part.fingerprint, one.part.info
        row["vector"] = one.part.vector.astype(np.float16)
        row["info"] = json.dumps(asdict(info)) if info else None
        row["hash"] = made.hash if made else None
        row["features"] = made.features if made else None
        row["colour"] = one.part.colour
    return row


def _take(contents: ShardContents, row: dict[str, Any], space: Space) -> None:
    if row["outcome"] != _EMBEDDED:
        contents.pictures[row["uri"]] = Skip(row["outcome"], row["message"])
        return
    if KINDS.of(row["kind"]).is_picture:
        contents.pictures[row["uri"]] = row["sha256"]
    if row["vector"] is None:
        return
    contents.parts[row["kind"], row["sha256"]] = NewPart(
        row["kind"],
        "",
        row["uri"],
        row["sha256"],
        _unit(np.array(row["vector"], np.float32), space),
        info=ImageInfo(**json.loads(row["info"])) if row["info"] else None,
        fingerprint=Fingerprint(row["hash"], row["features"]) if row["hash"] else None,
        colour=row["colour"],
    )


def _unit(vector: Float32Array, space: Space) -> Float32Array:
    """Return a vector as a unit row again; that of what says nothing stays zero."""
    if vector.shape != (space.dimension,) or not np.isfinite(vector).all():
        raise ValueError("a vector that is none of its space")
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm, np.float32) if norm else vector
