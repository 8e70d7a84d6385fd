"""What the service answers to reverse lookups, and the duplicates it finds."""

from dataclasses import dataclass, field

from binocle_client.records import Metadata


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A stored picture."""

    id: int
    role: str
    uri: str


@dataclass(frozen=True, slots=True)
class PictureRegion:
    """A box, as fractions of the upright picture's width and height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class LookupMatch:
    """A record that the picture was held against, and what the picture is of it."""

    id: str
    uri: str
    part: StoredPicture
    verdict: str
    confidence: float
    corners: list[list[float]]
    angle: float
    is_mirrored: bool
    differing: list[PictureRegion]
    metadata: Metadata
    thumbnail: str
    query_region: PictureRegion | None = None
    stored_region: PictureRegion | None = None
    similarity: float | None = None
    hash_distance: int | None = None


@dataclass(frozen=True, slots=True)
class ListedHash:
    """A hash of a list that is near the picture's: nobody has compared the pictures."""

    list: str
    label: str
    hash: str
    distance: int
    confidence: float


@dataclass(frozen=True, slots=True)
class LookupReply:
    """What is known of a picture."""

    verdict: str
    candidates: list[LookupMatch]
    verified: int
    unprepared: int
    unreadable: int
    took_ms: dict[str, float]
    moment: float = 0.0
    action: str | None = None
    listed: list[ListedHash] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LookupOutcome:
    """What is known of one of several pictures, or the code and detail of why nothing is."""

    number: int
    name: str | None
    answer: LookupReply | None
    error: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class LookupOutcomes:
    """What is known of several pictures, in order."""

    results: list[LookupOutcome]


@dataclass(frozen=True, slots=True)
class HashListInfo:
    """A list of hashes that a collection keeps, how many it has, and what is wrong with it."""

    name: str
    hashes: int
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class HashListInfos:
    """The lists of hashes that a collection keeps, by name."""

    lists: list[HashListInfo]


@dataclass(frozen=True, slots=True)
class HashListAdded:
    """A list as it was taken in: what of it is left out, and what is wrong with it."""

    name: str
    hashes: int
    plain: int
    faults: str


@dataclass(frozen=True, slots=True)
class ClusterMember:
    """A picture of a cluster."""

    id: str
    part: StoredPicture
    width: int
    height: int
    size_bytes: int
    verdict: str
    confidence: float
    why: str
    thumbnail: str


@dataclass(frozen=True, slots=True)
class DuplicateCluster:
    """Pictures that are the same: the one to keep, and the others, surest first."""

    keep: ClusterMember
    others: list[ClusterMember]


@dataclass(frozen=True, slots=True)
class DuplicateClusters:
    """A page of the clusters of a collection, largest first."""

    clusters: list[DuplicateCluster]
    reclaimable_bytes: int
    total: int
    pictures: int
    compared: int
    unprepared: int
    unreadable: int
    crowded: int
