"""The wire of reverse lookup."""

from pydantic import BaseModel, Field

from api.http.schemas.common import Base64, ItemError, Metadata, Strict
from search.copies.verdicts import Verdict

MAX_PICTURES = 64
MAX_POLICY_LENGTH = 2000


class LookupBesideIn(Strict):
    """Options of a lookup, beside the picture."""

    limit: int = Field(10, ge=1, le=100, description="Candidates at most")
    copies_only: bool = Field(default=False, description="Do not look for what is merely similar")
    policy: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_POLICY_LENGTH,
        description="What to do, such as 'block near-duplicate 0.95, review copy 0.5'",
    )


class PictureIn(Strict):
    """A picture that comes along, or lies on the web; one of the two."""

    image: Base64 | None = None
    url: str | None = Field(
        None, min_length=1, max_length=2000, description="Only where the operator allows it"
    )


class LookupIn(LookupBesideIn, PictureIn):
    """A picture to look up."""


class NamedPictureIn(PictureIn):
    """One of several pictures to look up."""

    name: str | None = Field(None, max_length=1024, description="Comes back with the outcome")


class LookupsIn(LookupBesideIn):
    """Several pictures to look up."""

    pictures: list[NamedPictureIn] = Field(
        min_length=1, max_length=MAX_PICTURES, description="In the order of their outcomes"
    )


class RegionOut(BaseModel):
    """A box, as fractions of the upright picture's width and height."""

    x: float = Field(description="Its left edge")
    y: float = Field(description="Its top edge")
    w: float = Field(description="Its width")
    h: float = Field(description="Its height")


class CandidatePartOut(BaseModel):
    """The stored picture."""

    id: int = Field(description="As in ?part= of its picture's paths")
    role: str = Field(description="Which of the record's pictures, such as image")
    uri: str = Field(description="Where it lies")


class CandidateOut(BaseModel):
    """A record that the picture was held against, and what the picture is of it."""

    id: str = Field(description="Of its record")
    uri: str = Field(description="The record's")
    part: CandidatePartOut = Field(description="Its picture that was compared")
    verdict: Verdict = Field(
        description="What the picture is of it: a copy of some kind, a variant, or merely similar"
    )
    confidence: float = Field(description="0 to 1; copies and variants have at least 0.5")
    query_region: RegionOut | None = Field(description="Where the query shows it")
    stored_region: RegionOut | None = Field(description="What of it the query shows")
    corners: list[tuple[float, float]] = Field(
        description="Where its corners lie in the query, from the left top clockwise"
    )
    angle: float = Field(description="Degrees to turn the query clockwise, after mirroring back")
    is_mirrored: bool = Field(description="Whether the query shows it mirrored")
    differing: list[RegionOut] = Field(
        description="Of a variant, where the stored picture shows something else, largest first"
    )
    similarity: float | None = Field(description="Cosine of the embeddings, -1 to 1")
    hash_distance: int | None = Field(description="Differing bits of 256; null beyond 90")
    metadata: Metadata = Field(description="The record's")
    thumbnail: str = Field(description="Path of a small JPEG")


class ListedOut(BaseModel):
    """A hash of a list that is near the picture's."""

    list: str = Field(description="The list's name")
    label: str = Field(description="What the list says of it")
    hash: str = Field(description="PDQ, 64 hexadecimal digits")
    distance: int = Field(description="Differing bits of 256; 31 at most")
    confidence: float = Field(description="0.5 to 0.9: nobody has compared the pictures")


class LookupOut(BaseModel):
    """What is known of a picture."""

    verdict: Verdict = Field(description="That of the first candidate; 'none' without one")
    candidates: list[CandidateOut] = Field(description="The surest copy first")
    listed: list[ListedOut] = Field(
        default_factory=list, description="What lists of hashes have, nearest first"
    )
    verified: int = Field(description="How many stored pictures were compared pixel by pixel")
    unprepared: int = Field(
        description="Pictures indexed before there was reverse lookup; index them again"
    )
    unreadable: int = Field(
        description="Stored pictures that were to be compared, but whose files cannot be read"
    )
    took_ms: dict[str, float] = Field(
        description="By stage: decode, hash, features, verify, embed, neighbours, pixels, total"
    )
    action: str | None = Field(
        None, description="Of the policy: that of the first rule that fits, 'pass' where none does"
    )
    moment: float = Field(
        0.0, description="Of an animation, which picture this is about: 0 the first, 1 the last"
    )


class LookupOutcome(BaseModel):
    """What is known of one of several pictures, or why nothing is."""

    number: int = Field(description="Which, from 1; of lines empty ones are counted")
    name: str | None = Field(None, description="As it was given")
    answer: LookupOut | None = Field(None, description="What is known of it")
    error: ItemError | None = Field(None, description="Why nothing is")


class LookupsOut(BaseModel):
    """What is known of several pictures, in the order they were asked for."""

    results: list[LookupOutcome] = Field(description="One for each picture")


class HashListOut(BaseModel):
    """A list of hashes."""

    name: str = Field(description="As lookups name it in listed")
    hashes: int = Field(description="How many it has")


class KeptHashListOut(HashListOut):
    """A list of hashes that a collection keeps."""

    damage: str | None = Field(
        None, description="What is wrong with it, and what to do; lookups are refused until then"
    )


class HashListsOut(BaseModel):
    """The lists of hashes that a collection keeps, by name."""

    lists: list[KeptHashListOut] = Field(description="By name")


class HashListAddedOut(HashListOut):
    """A list as it was taken in."""

    plain: int = Field(description="Left out, as their quality is under 50: they match nothing")
    faults: str = Field(
        description="How many lines are no hash, and which is the first; else empty"
    )


class MemberOut(BaseModel):
    """A picture of a cluster."""

    id: str = Field(description="Of its record")
    part: CandidatePartOut = Field(description="Which picture of the record")
    width: int = Field(description="Pixels")
    height: int = Field(description="Pixels")
    size_bytes: int = Field(description="Of its file")
    verdict: Verdict = Field(description="What it is of the one to keep")
    confidence: float = Field(description="0 to 1")
    why: str = Field(description="Why it is not kept; of the one to keep, what the others have")
    thumbnail: str = Field(description="Path of a small JPEG")


class ClusterOut(BaseModel):
    """Pictures that are the same."""

    keep: MemberOut = Field(description="The one that shows most of the picture in most pixels")
    others: list[MemberOut] = Field(description="Surest first")


class DuplicatesOut(BaseModel):
    """A page of the clusters of a collection, largest first."""

    clusters: list[ClusterOut] = Field(description="Those of this page")
    reclaimable_bytes: int = Field(description="Of all files but those to keep")
    total: int = Field(description="How many clusters there are")
    pictures: int = Field(description="How many pictures were looked at")
    compared: int = Field(description="How many pairs were compared pixel by pixel")
    unprepared: int = Field(description="Pictures left out; index them again")
    unreadable: int = Field(
        description="Pictures that were to be compared, but whose files cannot be read"
    )
    crowded: int = Field(
        description="Pictures with more look-alikes than are compared; only the nearest were"
    )
