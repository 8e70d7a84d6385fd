"""The wire of labels, match scores and captions."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.http.schemas.common import Base64, Filter, RecordId, Strict, Text
from api.http.schemas.patterns import HAS_PLACE, NOT_BLANK
from search.labels.zero_shot import TEMPLATES

LabelName = Annotated[str, Field(min_length=1, max_length=500, pattern=NOT_BLANK)]
Template = Annotated[str, Field(min_length=2, max_length=500, pattern=HAS_PLACE)]
FieldName = Annotated[str, Field(min_length=1, max_length=200, pattern=NOT_BLANK)]


MAX_PICTURES = 64


class LabelsIn(Strict):
    """What to label, and with what: pictures brought along, or the records of the collection."""

    labels: Annotated[list[LabelName], Field(min_length=1, max_length=10_000)] = Field(
        description="What may be shown, such as a dog"
    )
    templates: Annotated[list[Template], Field(min_length=1, max_length=100)] = Field(
        default=list(TEMPLATES), description="Sentences with {} where the label goes; averaged"
    )
    images: Annotated[list[Base64], Field(max_length=MAX_PICTURES)] = Field(
        default_factory=list, description="Label these; else records"
    )
    filter: Filter | None = Field(None, description="Only records that pass")
    write: FieldName | None = Field(
        None, description="Store each record's label in this metadata field"
    )
    force: bool = Field(False, description="Never say none of these")
    limit: int = Field(3, ge=1, le=1000, description="How many labels to give for each")
    items: int = Field(1000, ge=0, le=10_000, description="How many records to list")


class LabelOut(BaseModel):
    """A label and its probability."""

    label: str = Field(description="As it was given")
    probability: float = Field(description="0 to 1")


class LabelledOut(BaseModel):
    """The labels of one record, or of one picture."""

    id: str | None = Field(description="Of the record; null for a picture brought along")
    label: str | None = Field(description="The likeliest; null where none of them is likelier")
    labels: list[LabelOut] = Field(description="The likeliest first, as many as limit says")
    none: float = Field(description="The probability of none of these")


class LabelsOut(BaseModel):
    """What was labelled."""

    items: list[LabelledOut] = Field(
        description="Of pictures all, in order; of records as many as items says"
    )
    counts: dict[str, int] = Field(description="How many got each label, most first")
    none: int = Field(description="How many got none")
    written: int | None = Field(description="How many records were changed; null if not asked to")
    took_ms: dict[str, float] = Field(description="Milliseconds by stage")


class MatchIn(Strict):
    """A text and a picture; exactly one of the last two."""

    text: Text = Field(description="What may be shown")
    image: Base64 | None = None
    record: RecordId | None = Field(None, description="Its pictures, taken together")


class MatchOut(BaseModel):
    """How well they go together."""

    similarity: float = Field(description="Cosine, -1 to 1")
    probability: float = Field(description="That the text, not background, is what is shown")
    relevance: float | None = Field(
        description="As of a hit for the text in this collection; null where not calibrated"
    )
    took_ms: dict[str, float] = Field(description="Milliseconds by stage")


class CaptionsIn(Strict):
    """A picture that captions are looked for; exactly one of the first two."""

    image: Base64 | None = None
    record: RecordId | None = Field(None, description="Its pictures, taken together")
    filter: Filter | None = None
    limit: int = Field(5, ge=1, le=1000, description="Captions a page")
    cursor: str | None = Field(None, max_length=1000, description="The cursor of an earlier answer")
