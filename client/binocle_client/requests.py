"""What may be asked: plain dictionaries, with types for those who check them.

The service's OpenAPI document describes each part and its limits; what makes no sense is refused
by the service, in one line.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

Scalar = str | float | bool
MetadataValue = Scalar | Sequence[Scalar]
Filter = Mapping[str, Any]


class ImageBody(TypedDict):
    """A picture of a record, in base64; see ``picture``."""

    data: str
    role: NotRequired[str]


class RecordBody(TypedDict):
    """A record to store, replacing what has its id. Texts are by role, such as ``title``."""

    id: str
    metadata: NotRequired[Mapping[str, MetadataValue | None]]
    images: NotRequired[Sequence[str | ImageBody]]
    texts: NotRequired[Mapping[str, str | Sequence[str]]]
    uri: NotRequired[str | None]


class MatchingBody(TypedDict, total=False):
    """Which records are to be changed or removed, and whether they are: not in a dry run."""

    where: str | None
    filter: Filter | None
    dry_run: bool
    expected: int | None


class UpdateMatchingBody(MatchingBody):
    """What metadata such records are to have."""

    metadata: Mapping[str, MetadataValue | None]


class RegionBody(TypedDict):
    """A rectangle of an upright picture, as fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float


class TermBody(TypedDict, total=False):
    """One thing to look for; exactly one of the first five. A negative weight stays away."""

    text: str
    image: str
    record: str
    vector: Sequence[float]
    url: str
    weight: float
    region: str | RegionBody | None


class WeightsBody(TypedDict, total=False):
    """How much each ranking counts where several are fused; 0 leaves one out."""

    image: float
    text: float
    keyword: float


class SortBody(TypedDict):
    """An order; ``"-price"`` says the same as this with ``descending``."""

    field: str
    descending: NotRequired[bool]


class FacetBody(TypedDict):
    """What to count; ``"price:numbers:5"`` says the same with a kind and bins."""

    field: str
    kind: NotRequired[Literal["values", "numbers", "dates"] | None]
    limit: NotRequired[int]
    bins: NotRequired[int]
    interval: NotRequired[Literal["year", "month", "day"] | None]


class GroupBody(TypedDict):
    """What records to take together, and how many of each group to show."""

    field: str
    size: NotRequired[int]


class RefinementBody(TypedDict):
    """How a query changes an earlier one, which ``turn`` of its answer names."""

    turn: str
    remove: NotRequired[Sequence[str]]
    replace: NotRequired[bool]
    drop_filter: NotRequired[bool]
    swap: NotRequired[Sequence[tuple[str, str]]]
    instead: NotRequired[Sequence[tuple[str, str]]]


class SearchOptions(TypedDict, total=False):
    """What a search may ask for besides its terms."""

    target: Literal["image", "text", "any"] | None
    filter: Filter | None
    limit: int
    cursor: str | None
    offset: int
    beyond: bool
    exact: bool
    mode: Literal["semantic", "keyword", "hybrid"] | None
    weights: WeightsBody | None
    sort: Sequence[str | SortBody]
    facets: Sequence[str | FacetBody]
    group: str | GroupBody | None
    diversity: float
    collapse: bool
    min_relevance: float | Literal["auto"] | None
    refine: RefinementBody | None
    rules: Literal["live", "draft", "none"]
    language: str | None
    optional: Sequence[str]
    fields: Sequence[str]


class SearchBody(SearchOptions, total=False):
    """One search of a batch."""

    query: str | Sequence[TermBody]


class PictureSearchOptions(SearchBody, total=False):
    """What a search by a picture may ask for beside it; ``region`` is of that picture."""

    region: str | RegionBody | None


class BudgetBody(TypedDict):
    """What a field of numbers is at most."""

    field: str
    at_most: float


class RecommendOptions(TypedDict, total=False):
    """What recommendations may ask for besides the records to be like."""

    less_of: Sequence[str]
    seen: Sequence[str]
    budget: float | BudgetBody | None
    target: Literal["image", "text", "any"] | None
    filter: Filter | None
    limit: int
    cursor: str | None
    offset: int
    beyond: bool
    facets: Sequence[str | FacetBody]
    group: str | GroupBody | None
    diversity: float
    collapse: bool
    min_relevance: float | Literal["auto"] | None
    fields: Sequence[str]


class RecommendBody(RecommendOptions):
    """Records to be like, and what else is to hold."""

    more_of: Sequence[str]


class LabelsBody(TypedDict):
    """What to label, and with what: pictures in base64, or the records of the collection."""

    labels: Sequence[str]
    templates: NotRequired[Sequence[str]]
    images: NotRequired[Sequence[str]]
    filter: NotRequired[Filter | None]
    write: NotRequired[str | None]
    force: NotRequired[bool]
    limit: NotRequired[int]
    items: NotRequired[int]


class MatchBody(TypedDict):
    """A text, and a picture in base64 or the pictures of a record."""

    text: str
    image: NotRequired[str | None]
    record: NotRequired[str | None]


class CaptionsBody(TypedDict, total=False):
    """A picture in base64, or a record, that captions are looked for."""

    image: str | None
    record: str | None
    filter: Filter | None
    limit: int
    cursor: str | None


class JobBody(TypedDict):
    """A source the operator allows, by its path, and what a table's columns mean."""

    source: str
    model: NotRequired[str | None]
    id_column: NotRequired[str | None]
    image_column: NotRequired[str | None]
    text_columns: NotRequired[Sequence[str]]
    encoding: NotRequired[str]
    exclude: NotRequired[Sequence[str]]


class JobsQuery(TypedDict, total=False):
    """Which jobs to list."""

    collection: str | None
    kind: Sequence[Literal["index", "duplicates", "labels", "backup", "snapshot", "hashes"]]
    state: Sequence[Literal["waiting", "running", "done", "failed", "cancelled"]]
    limit: int
    cursor: str | None


class WebhookBody(TypedDict, total=False):
    """What a receiver is to be told of; all of it, if not given."""

    events: Sequence[Literal["job.done", "job.failed", "job.cancelled"]]
    collections: Sequence[str] | None


class SynonymBody(TypedDict):
    """Words that mean the same; with ``typed``, whoever types that finds the words as well."""

    words: Sequence[str]
    typed: NotRequired[str | None]
    language: NotRequired[str | None]


class PinBody(TypedDict):
    """A record at a position, from 1; without it, its place in the list."""

    id: str
    position: NotRequired[int | None]


CurationBody = TypedDict(
    "CurationBody",
    {
        "name": NotRequired[str | None],
        "query": str,
        "match": NotRequired[Literal["exact", "contains"]],
        "pin": NotRequired[Sequence[str | PinBody]],
        "hide": NotRequired[Sequence[str]],
        "from": NotRequired[str | None],
        "until": NotRequired[str | None],
        "language": NotRequired[str | None],
    },
)
"""What is shown, and what is not, where somebody asks for something."""


class BoostBody(TypedDict):
    """What moves records; one of ``pivot``, ``half_life_days``, ``where`` and ``formula``."""

    weight: float
    name: NotRequired[str | None]
    field: NotRequired[str | None]
    prefer: NotRequired[Literal["high", "low"] | None]
    pivot: NotRequired[float | None]
    half_life_days: NotRequired[float | None]
    where: NotRequired[str | None]
    formula: NotRequired[str | None]


class RulesBody(TypedDict, total=False):
    """All ranking rules of a collection."""

    synonyms: Sequence[SynonymBody]
    curations: Sequence[CurationBody]
    boosts: Sequence[BoostBody]


FieldType = Literal["number", "boolean", "date", "keyword", "anycase", "text", "keywords", "geo"]


class KeyBody(TypedDict):
    """A key to make; times are in ISO 8601."""

    name: str
    scope: NotRequired[Literal["read", "write", "admin", "backup"]]
    collections: NotRequired[Sequence[str] | None]
    expires_at: NotRequired[str | None]
    requests_per_minute: NotRequired[int | None]


class KeyRotationBody(TypedDict, total=False):
    """How long the old secret works beside the new one, and until when that does."""

    grace_s: int
    expires_at: str | None
