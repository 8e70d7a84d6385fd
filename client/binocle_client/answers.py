"""What the service answers; its OpenAPI document says what each field means."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record was not stored, or a job failed."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """What became of one record: ``stored`` or ``failed``."""

    id: str
    status: str
    error: Failure | None


@dataclass(frozen=True, slots=True)
class StoreOutcomes:
    """What became of each record, in order."""

    results: list[StoreOutcome]
    stored: int
    failed: int


@dataclass(frozen=True, slots=True)
class TypedSuggestion:
    """What may be meant: a ``text`` of records or a ``value`` of a field, by its role or name."""

    text: str
    count: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class SuggestionList:
    """What may be meant by what was typed, likeliest first, and what that was read as."""

    suggestions: list[TypedSuggestion]
    read_as: str | None


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """A name that stands for a collection; None where the key is not for that."""

    name: str
    collection: str | None
    switched_at: str


@dataclass(frozen=True, slots=True)
class AliasListing:
    """The aliases that the key is for."""

    aliases: list[AliasTarget]


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """What a collection holds."""

    name: str
    alias_of: str | None
    aliases: list[str]
    model: str | None
    dimension: int | None
    records: int
    parts: dict[str, int]
    indices: dict[str, str]
    bytes: int
    changed_at: str | None
    keeps_pictures: bool = True


@dataclass(frozen=True, slots=True)
class CollectionListing:
    """All collections the key may see."""

    collections: list[CollectionSummary]


@dataclass(frozen=True, slots=True)
class LabelProbability:
    """A label and its probability."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """The labels of one record, or of one picture."""

    id: str | None
    label: str | None
    labels: list[LabelProbability]
    none: float


@dataclass(frozen=True, slots=True)
class LabelsAnswer:
    """What was labelled."""

    items: list[LabelledItem]
    counts: dict[str, int]
    none: int
    written: int | None
    took_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class MatchAnswer:
    """How well a text and a picture go together."""

    similarity: float
    probability: float
    relevance: float | None
    took_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class EmbeddedInput:
    """The vector of one input."""

    object: str
    index: int
    embedding: list[float]


@dataclass(frozen=True, slots=True)
class EmbeddingUsage:
    """Counted in words."""

    prompt_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class EmbeddingsAnswer:
    """A vector for each input, in order."""

    object: str
    data: list[EmbeddedInput]
    model: str
    usage: EmbeddingUsage


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that may be named."""

    id: str
    object: str
    created: int
    owned_by: str


@dataclass(frozen=True, slots=True)
class ModelListing:
    """The models that may be named."""

    object: str
    data: list[ServedModel]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is; ``state`` is waiting, running, done, failed or cancelled."""

    id: str
    kind: str
    collection: str
    source: str
    state: str
    done: int
    total: int
    counts: dict[str, int]
    warnings: list[str]
    error: Failure | None
    created_at: str | None = None
    begun_at: str | None = None
    ended_at: str | None = None


@dataclass(frozen=True, slots=True)
class JobListing:
    """Some of the jobs, the latest first."""

    jobs: list[JobStatus]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that somebody gave a name, as the address of the page says it."""

    name: str
    search: str
    saved_at: str


@dataclass(frozen=True, slots=True)
class SavedSearchListing:
    """The saved searches of a collection, by name."""

    searches: list[SavedSearch]


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field of the metadata: its type, whether that was declared, and some of its values."""

    name: str
    type: str
    declared: bool
    records: int
    examples: list[str | float | bool]


@dataclass(frozen=True, slots=True)
class FieldListing:
    """The fields of a collection's metadata."""

    fields: list[SchemaField]


@dataclass(frozen=True, slots=True)
class SkippedSourceItem:
    """What of a source was skipped, and why."""

    source: str
    item: str
    error: Failure


@dataclass(frozen=True, slots=True)
class SkippedListing:
    """Some of what was skipped, and how much there is."""

    skipped: list[SkippedSourceItem]
    total: int


@dataclass(frozen=True, slots=True)
class SourceListing:
    """The folders that the operator allows, by name."""

    sources: list[str]


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What a key is for; its secret is told only where it is made."""

    name: str
    scope: str
    collections: list[str] | None
    created_at: str
    expires_at: str | None
    requests_per_minute: int | None
    last_used_at: str | None


@dataclass(frozen=True, slots=True)
class KeyListing:
    """All keys."""

    keys: list[KeySummary]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and its secret."""

    name: str
    key: str
