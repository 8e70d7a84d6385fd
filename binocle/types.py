"""Frozen data that every room speaks of. The words are defined in docs/architecture.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from binocle import part_kinds

Kind: TypeAlias = part_kinds.Kind
Target: TypeAlias = Literal[Kind, "any"]
Scalar: TypeAlias = bool | int | float | str
MetadataValue: TypeAlias = Scalar | list[Scalar]
Metadata: TypeAlias = Mapping[str, MetadataValue]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
PixelArray: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Space:
    """Which encoder with which weights made a vector. Vectors of different spaces never meet.

    Attributes:
        name: What the user calls the model, such as ``ViT-B-32/datacomp_xl_s13b_b90k``.
        dimension: Number of components of a vector.
        fingerprint: Hex SHA-256 over architecture, weights and preprocessing.
    """

    name: str
    dimension: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture file says of itself; width and height are those of the upright picture.

    Attributes:
        size_bytes: Length of the encoded file.
        format: Pillow's format name in lower case, such as ``jpeg``.
        taken_at: Local ISO 8601 time of the shot, with offset where the file has one.
        camera: Maker and model.
        latitude: Degrees, north positive, -90 to 90; ``longitude`` east positive, -180 to 180.
        altitude: Metres above sea level.
        said: What it says in words, and its rating; see ``binocle.media.embedded_texts``.
    """

    width: int
    height: int
    size_bytes: int
    format: str
    taken_at: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    said: Mapping[str, MetadataValue] = field(default_factory=dict)

    def as_metadata(self) -> dict[str, MetadataValue]:
        """Return the fields that are known, under the names a filter uses."""
        values: dict[str, MetadataValue | None] = {
            "width": self.width,
            "height": self.height,
            "bytes": self.size_bytes,
            "format": self.format,
            "taken_at": self.taken_at,
            "camera": self.camera,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "altitude": self.altitude,
        }
        known = {name: value for name, value in values.items() if value is not None}
        return {**self.said, **known}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes a picture known again, whatever its file; see ``binocle.fingerprints``.

    Attributes:
        hash: Perceptual hash, 32 bytes.
        features: Local features: their visual words, then their codes; 18 bytes each.
    """

    hash: bytes
    features: bytes


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """What is known of a stored picture before it is opened again.

    Attributes:
        width, height: Pixels, of the upright picture.
        sha256: SHA-256 of the file's bytes, hex.
        colour: The average of its pixels, sRGB, as ``#a0b1c2``; None where it was not computed yet.
    """

    width: int
    height: int
    sha256: str
    colour: str | None = None

    @property
    def version(self) -> str:
        """What changes when the picture does."""
        return self.sha256[:12]


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part about to be stored.

    Attributes:
        kind: ``image`` or ``text``.
        role: Which of the record's fields it is: a column's name, ``image`` or ``text``.
        uri: Where its content lies.
        sha256: SHA-256 of the content: of the file's bytes, or of the text in UTF-8.
        vector: ``(d,)`` float32 unit row.
        text: The text itself; None for a picture.
        info: What the picture file says of itself; None for a text.
        fingerprint: What makes the picture known again; None for a text.
        colour: As of ``StoredPicture``.
    """

    kind: Kind
    role: str
    uri: str
    sha256: bytes
    vector: Float32Array
    text: str | None = None
    info: ImageInfo | None = None
    fingerprint: Fingerprint | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record about to be stored, replacing what the collection has under its id."""

    id: str
    uri: str
    metadata: Metadata
    parts: tuple[NewPart, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part. ``id``, never used twice, is also its id in FAISS; no text has a picture."""

    id: int
    kind: Kind
    role: str
    uri: str
    text: str | None = None
    picture: StoredPicture | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A stored record: what a user looks for and gets back."""

    id: str
    uri: str
    metadata: Metadata
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The parts nearest to one query, nearest first; equal scores in order of part id.

    Attributes:
        scores: ``(n,)`` float32 inner products of unit rows, -1 to 1, higher is nearer.
        part_ids: ``(n,)`` int64.
        exact: Whether the answer equals that of an exhaustive scan.
        left_out: Of all above a score, about how many more there are.
    """

    scores: Float32Array
    part_ids: Int64Array
    exact: bool
    left_out: float = 0.0


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one ranking, or a ranking rule, says for a hit.

    Attributes:
        ranking: ``image`` or ``text`` by vectors, ``keyword`` by words, ``boost`` or ``pin``.
        rank: The hit's place in it, from 1; of rules the place without them, 0 for none.
        score: Cosine -1 to 1; for words BM25, higher is better; a boost's value, a pin's position.
        share: Its part of the hit's score, 0 to 1; a hit's add up to 1, and rules have none.
        words: The words that were found, for ``keyword``.
        name, factor: Of a boost, and what it multiplies relevance with in the order.
    """

    ranking: part_kinds.RankingName | Literal["boost", "pin"]
    rank: int
    score: float
    share: float
    words: tuple[str, ...] = ()
    name: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that matched.

    Attributes:
        record: The record with its parts.
        part: The part of it that matched best.
        score: What hits are sorted by, higher is better: similarity where one kind was searched,
            fused reciprocal rank where several were, relevance where boosts are.
        similarity: Cosine of the query and the part, -1 to 1.
        relevance: How likely it is what was asked for, 0 to 1; None without a calibration.
        contributions: What each ranking says for it.
        group_value: The value of the field that hits are grouped by.
        group_size: How many records of the relevant set are in its group.
        others: Further records of its group, best first.
    """

    record: Record
    part: Part
    score: float
    similarity: float
    relevance: float | None = None
    contributions: tuple[Contribution, ...] = ()
    group_value: str | float | bool | None = None
    group_size: int = 1
    others: tuple["Hit", ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a file was not indexed: an error's stable ``code``, and one line for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture file may cost.

    Attributes:
        max_pixels: Width times height of the stored picture, checked before decoding.
        max_bytes: Length of the encoded file.
        timeout_s: Seconds one picture may take to decode.
    """

    max_pixels: int = 120_000_000
    max_bytes: int = 512 * 1024 * 1024
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The pixels an encoder wants.

    Attributes:
        width: Pixels, as ``height``.
        resize_mode: ``shortest`` crops the longer side, ``longest`` pads the shorter one,
            ``squash`` ignores the aspect ratio (open_clip's terms).
        interpolation: ``bicubic`` or ``bilinear``, both with antialiasing.
        fill: Grey level of the padding, 0 to 255.
        fingerprint: Whether ``Picture.fingerprint`` is wanted beside the pixels.
        moment: Of an animation, which of its pictures: 0 the first, 1 the last one in reach.
    """

    width: int
    height: int
    resize_mode: Literal["shortest", "longest", "squash"] = "shortest"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    fill: int = 0
    fingerprint: bool = False
    moment: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: ``(height, width, 3)`` uint8 sRGB, upright, colour profiles applied.
        info: What the file says of itself.
        fingerprint: What makes it known again, where that was asked for.
        colour: As of ``StoredPicture``; beside a fingerprint.
    """

    pixels: PixelArray
    info: ImageInfo = field(compare=False)
    fingerprint: Fingerprint | None = field(default=None, compare=False)
    colour: str | None = field(default=None, compare=False)
