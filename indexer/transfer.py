"""A collection as one Parquet file that other programs read, and back.

A row is a record: its id, its uri, its metadata as JSON, and its parts, each with its text, its
vector, and the facts and the fingerprint of a picture. Pictures that came over HTTP are in it,
since they lie nowhere else. What vectors are of, and the types of fields, stand in the file's
metadata.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from binocle.catalog.base import CatalogReader
from binocle.catalog.types import KnownPicture
from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, SourceError, StorageError, UsageError
from binocle.files import replacing
from binocle.media.kinds import KINDS
from binocle.metadata.field_types import check_schema, metadata_json
from binocle.types import Fingerprint, ImageInfo, Metadata, NewPart, NewRecord, Part, Record, Space
from indexer import kept_uploads
from indexer.sources.uploads import SCHEME, UploadSource, uploaded_image, uri_of

if TYPE_CHECKING:
    import pyarrow as pa

_FORMAT = 1
_AT_ONCE = 200
_UNIT_WITHIN = 1e-2
_KEY = b"binocle"


@dataclass(slots=True)
class TransferReport:
    """What an export or an import did.

    Attributes:
        records: How many records were written.
        parts: How many parts they have.
        problems: What could not be taken along, one sentence each.
    """

    records: int = 0
    parts: int = 0
    problems: list[str] = field(default_factory=list)


def export_collection(collection: Collection, to: Path) -> TransferReport:
    """Write a collection, as of one moment, to a Parquet file, which is there whole or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    report = TransferReport()
    try:
        with collection.reading() as session, replacing(to) as file:
            facts = {
                "format": _FORMAT,
                "space": None if (space := session.space()) is None else asdict(space),
                "fields": session.fields.declared(),
            }
            schema = _schema(pa).with_metadata({_KEY: json.dumps(facts)})
            with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
                for rows in _rows(collection, session, report):
                    writer.write_table(pa.Table.from_pylist(rows, schema))
    except OSError as error:
        raise StorageError(f"cannot write {to} ({error.strerror or error})") from error
    return report


def check_export(source: Path) -> None:
    """Look whether a file is one of ``export_collection``, before anything is made for it.

    Raises:
        SourceError: It cannot be read, or is no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(source) as file:
            _facts(file.schema_arrow.metadata or {}, source)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"cannot import {source} ({error})") from error


def import_collection(collection: Collection, source: Path) -> TransferReport:
    """Store the records of a file of ``export_collection``, replacing those of the same ids.

    A record that is damaged is passed over and told; doing it again goes on.

    Raises:
        SourceError: The file cannot be read, or is no such file.
        SpaceMismatchError: Its vectors are of another model than the collection's.
        StorageError: The collection cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet

    report = TransferReport()
    try:
        with pyarrow.parquet.ParquetFile(source) as file:
            space, declared = _facts(file.schema_arrow.metadata or {}, source)
            if space is not None:
                collection.claim_space(space)
            if declared:
                collection.declare(check_schema(declared))
            for batch in file.iter_batches(_AT_ONCE):
                _store(collection, batch.to_pylist(), space, report)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise SourceError(f"cannot import {source} ({error})") from error
    collection.save_indices()
    return report


def _schema(pa: Any) -> "pa.Schema":
    part = pa.struct(
        [
            ("kind", pa.string()), ("role", pa.string()), ("uri", pa.string()),
            ("text", pa.string()), ("vector", pa.list_(pa.float32())), ("sha256", pa.binary()),
            ("info", pa.string()), ("hash", pa.binary()), ("features", pa.binary()),
            ("picture", pa.binary()),
        ]
    )  # fmt: skip
    return pa.schema(
        [
            ("id", pa.string()), ("uri", pa.string()), ("metadata", pa.string()),
            ("parts", pa.list_(part)),
        ]
    )  # fmt: skip


def _rows(
    collection: Collection, session: CatalogReader, report: TransferReport
) -> Iterator[list[dict[str, Any]]]:
    """Yield records in the order they were first stored, some at once."""
    last = 0
    while found := session.records.after(last, _AT_ONCE, ()):
        last = found[-1][0]
        parts = session.parts.of_records([number for number, _ in found])
        part_ids = [part.id for own in parts.values() for part in own]
        vectors = session.parts.vectors_of(part_ids)
        pictures = session.fingerprints.pictures(part_ids)
        made = session.fingerprints.of_parts(part_ids)
        prints = {
            part_id: Fingerprint(hashed.tobytes(), features)
            for part_id, hashed, features in zip(
                made.part_ids.tolist(), made.hashes, made.features, strict=True
            )
        }
        rows = []
        for number, record in found:
            own = []
            for part in parts.get(number, ()):
                if part.id not in vectors:
                    message = f"the vector of its {part.kind} {part.role!r} is damaged"
                    report.problems.append(f"{record.id}: {message}, so it is exported without")
                    continue
                row = _part_row(part, pictures.get(part.id), prints.get(part.id))
                picture = _upload(collection, part.uri, record, report)
                own.append({**row, "vector": vectors[part.id], "picture": picture})
            rows.append(_row(record, own))
            report.records, report.parts = report.records + 1, report.parts + len(own)
        yield rows


def _part_row(
    part: Part, picture: KnownPicture | None, known: Fingerprint | None
) -> dict[str, Any]:
    text = (part.text or "").encode("utf-8", "replace")
    return {
        "kind": part.kind, "role": part.role, "uri": part.uri, "text": part.text,
        "sha256": picture.sha256 if picture else hashlib.sha256(text).digest(),
        "info": json.dumps(asdict(picture.info)) if picture else None,
        "hash": known.hash if known else None, "features": known.features if known else None,
    }  # fmt: skip


def _row(record: Record, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    metadata = json.dumps(record.metadata, ensure_ascii=False)
    return {"id": record.id, "uri": record.uri, "metadata": metadata, "parts": parts}


def _upload(
    collection: Collection, uri: str, record: Record, report: TransferReport
) -> bytes | None:
    if not uri.startswith(SCHEME):
        return None
    try:
        return UploadSource(collection.path).open(uri)
    except NotFoundError:
        report.problems.append(f"{record.id}: its picture is gone, so it is exported without")
        return None


def _facts(metadata: Mapping[bytes, bytes], source: Path) -> tuple[Space | None, Mapping[str, str]]:
    """Return what vectors are of, and the types that were declared.

    Raises:
        SourceError: The file is not of ``export_collection``, or of a newer Binocle.
    """
    try:
        facts = json.loads(metadata[_KEY])
        if facts["format"] > _FORMAT:
            raise SourceError(f"{source} was made by a newer Binocle; upgrade this one")
        space = None if facts["space"] is None else Space(**facts["space"])
        return space, dict(facts["fields"])
    except (KeyError, ValueError, TypeError) as error:
        raise SourceError(
            f"{source} was not made by 'binocle export'; 'binocle index' reads other tables"
        ) from error


def _store(
    collection: Collection,
    rows: Sequence[Mapping[str, Any]],
    space: Space | None,
    report: TransferReport,
) -> None:
    records, pictures = [], []
    for row in rows:
        try:
            records.append(_record(row, space))
        except (ValueError, TypeError, KeyError, UsageError) as error:
            report.problems.append(f"{row.get('id')}: it is damaged ({error}), and passed over")
            continue
        own = [one for one in row["parts"] if one["picture"] is not None]
        pictures += [uploaded_image(one["role"], one["picture"]) for one in own]
    with kept_uploads.storing(collection, [one.id for one in records], pictures) as session:
        session.records.upsert(records)
    report.records += len(records)
    report.parts += sum(len(one.parts) for one in records)


def _record(row: Mapping[str, Any], space: Space | None) -> NewRecord:
    """Return a record of a row.

    Raises:
        ValueError, TypeError, KeyError, UsageError: It is none.
    """
    metadata: Metadata = json.loads(row["metadata"])
    if not row["id"] or not isinstance(metadata, dict):
        raise ValueError("its id or its metadata")
    metadata_json(metadata).encode()  # what JSON, or UTF-8, cannot hold
    return NewRecord(
        row["id"], row["uri"], metadata, tuple(_part(one, space) for one in row["parts"])
    )


def _part(one: Mapping[str, Any], space: Space | None) -> NewPart:
    if one["kind"] not in KINDS:
        raise ValueError(f"a part of the kind {one['kind']!r}")
    vector = np.array(one["vector"], np.float32)
    if space is None or vector.shape != (space.dimension,) or not np.isfinite(vector).all():
        raise ValueError("a vector")
    if vector.any() and abs(float(vector @ vector) - 1) > 2 * _UNIT_WITHIN:
        raise ValueError("a vector that is no unit row")
    text, picture = one["text"], one["picture"]
    is_picture = KINDS.of(one["kind"]).is_picture
    content = picture if is_picture else text.encode("utf-8", "replace")
    if content is not None and hashlib.sha256(content).digest() != one["sha256"]:
        raise ValueError("a content that is not what its SHA-256 says")
    if picture is not None and one["uri"] != uri_of(one["sha256"]):
        raise ValueError("a picture of another name")
    return NewPart(
        one["kind"],
        one["role"],
        one["uri"],
        one["sha256"],
        vector,
        text=text,
        info=ImageInfo(**json.loads(one["info"])) if is_picture else None,
        fingerprint=Fingerprint(one["hash"], one["features"]) if one["hash"] else None,
    )
