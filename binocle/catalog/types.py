"""What the catalogue gives and takes, beside the records themselves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from binocle.types import Float32Array, ImageInfo, Int64Array, Part


@dataclass(frozen=True, slots=True)
class Item:
    """The ledger's line on one file, archive member, row or line of a source.

    Attributes:
        fingerprint: What told, at the time, whether it changed.
        record_id: The record it became; None when it was skipped.
        code: Why it was skipped; None when it was indexed.
        message: The same for a person.
    """

    key: str
    fingerprint: str
    record_id: str | None
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source the collection knows."""

    id: int
    name: str
    uri: str
    kind: str


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What became of a source.

    Attributes:
        source: The source.
        indexed: How many of its items are indexed.
        skipped: How many were skipped.
        last_run: When its last run began and finished, the latter None if it has not.
    """

    source: SourceRow
    indexed: int
    skipped: int
    last_run: tuple[str, str | None] | None


@dataclass(frozen=True, slots=True)
class NewRows:
    """Parts a reader has not seen: ids ascending, their records, vectors; ids of those left out."""

    part_ids: Int64Array
    record_ids: Int64Array
    rows: Float32Array
    damaged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture of a record: where it lies, its content, its format, its average colour."""

    uri: str
    sha256: bytes
    format: str
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A stored picture as lookup needs it.

    Attributes:
        part: The part.
        record_id: The record's internal id.
        sha256: Of the file's bytes.
        info: What the file said of itself.
    """

    part: Part
    record_id: int
    sha256: bytes
    info: ImageInfo


@dataclass(frozen=True, slots=True)
class FingerprintRows:
    """Likenesses of parts: ids ascending, hashes ``(n, 32)`` uint8, features as stored."""

    part_ids: Int64Array
    hashes: npt.NDArray[np.uint8]
    features: tuple[bytes, ...]
