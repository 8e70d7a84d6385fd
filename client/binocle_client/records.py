"""What the service answers about records: stored ones, and those that were found."""

from dataclasses import dataclass, field

from binocle_client.requests import Scalar

Metadata = dict[str, Scalar | list[Scalar]]


@dataclass(frozen=True, slots=True)
class RecordPart:
    """A picture or a text of a record."""

    id: int
    kind: str
    role: str
    uri: str
    text: str | None


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is known of a picture before it is loaded: pixels, and its average colour."""

    width: int
    height: int
    colour: str | None
    version: str


@dataclass(frozen=True, slots=True)
class StoredRecordPart:
    """A part of a record, and the paths of its picture."""

    id: int
    kind: str
    role: str
    uri: str
    text: str | None
    picture: PictureFacts | None
    thumbnail: str | None
    image: str | None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A stored record; its picture is its first one.

    ``etag`` names its state, where it was asked for or changed alone.
    """

    id: str
    uri: str
    metadata: Metadata
    texts: dict[str, list[str]]
    parts: list[StoredRecordPart]
    picture: PictureFacts | None
    thumbnail: str | None
    image: str | None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class RecordListing:
    """Some of the records, in the order they were first stored."""

    records: list[StoredRecord]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MatchedRecords:
    """How many records pass a filter, the first ids of them, and how many were changed."""

    matched: int
    changed: int
    dry_run: bool
    ids: list[str]


@dataclass(frozen=True, slots=True)
class HitContribution:
    """What one ranking says for a hit; ``share`` is its part of the score.

    Ranking rules say ``boost`` and ``pin``, with the hit's place without them.
    """

    ranking: str
    rank: int
    score: float
    share: float
    words: list[str]
    name: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of a text; ``matched`` where it is one of the words that were found."""

    text: str
    matched: bool


@dataclass(frozen=True, slots=True)
class TextHighlight:
    """An excerpt of a text, or of a ``field`` of the metadata, in pieces."""

    kind: str
    name: str
    pieces: list[TextPiece]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record that matched; ``others`` are further records of its group.

    Where ``fields`` chose, what was not chosen is as it is here.
    """

    id: str
    score: float = 0.0
    similarity: float = 0.0
    relevance: float | None = None
    contributions: list[HitContribution] = field(default_factory=list)
    uri: str = ""
    kind: str = "image"
    part: RecordPart | None = None
    picture: PictureFacts | None = None
    thumbnail: str | None = None
    image: str | None = None
    texts: dict[str, list[str]] = field(default_factory=dict)
    highlights: list[TextHighlight] = field(default_factory=list)
    metadata: Metadata = field(default_factory=dict)
    group_value: Scalar | None = None
    group_size: int = 1
    others: list["SearchHit"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FacetBar:
    """One value of a facet, or one bar of a histogram, which has an end."""

    value: Scalar
    count: int
    end: float | str | None


@dataclass(frozen=True, slots=True)
class FacetResult:
    """The counts of one facet."""

    field: str
    kind: str
    buckets: list[FacetBar]
    others: int
    missing: int


@dataclass(frozen=True, slots=True)
class ReadPiece:
    """One thing that a query was read as: what, and of which of its words or which field."""

    kind: str
    text: str
    of: str = ""
    operator: str | None = None
    value: Scalar | None = None
    least: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """A page of hits, and what is known of the query."""

    hits: list[SearchHit]
    cursor: str | None
    target: str
    exact: bool
    mode: str
    no_match: bool
    unrated: str | None
    relevant: int | None
    relevant_error: int
    facets: list[FacetResult]
    turn: str | None
    looking_for: str
    reading: list[ReadPiece]
    space: str | None
    warnings: list[str]
    took_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class RecommendReason:
    """Why a record is recommended: which of those asked for it is most like, by cosine."""

    id: str
    like: str
    similarity: float


@dataclass(frozen=True, slots=True)
class RecommendAnswer(SearchAnswer):
    """A page of recommendations, why, and the ids that there are not."""

    because: list[RecommendReason]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class SearchProblem:
    """Why one search of a batch was not answered; see ``ClientError``."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None
    field: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Answers in the order of the searches, or why there is none."""

    answers: list[SearchAnswer | SearchProblem]
    took_ms: dict[str, float]
