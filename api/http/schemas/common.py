"""The wire: what requests and answers look like. Parsed here, trusted inside."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    WrapValidator,
    field_validator,
)

from api.http.schemas.misfits import or_misfit
from api.http.schemas.patterns import NO_CONTROLS, NOT_BLANK
from api.settings import COLLECTION_NAME
from binocle.metadata.filter_parsing import OPERATORS
from binocle.types import Kind, MetadataValue

Name = Annotated[
    str, Field(pattern=COLLECTION_NAME, description="The name of a collection, or of an alias")
]
RecordId = Annotated[
    str, Field(min_length=1, max_length=1024, pattern=NO_CONTROLS, description="A record's id")
]
Text = Annotated[str, Field(min_length=1, max_length=20_000, pattern=NOT_BLANK)]
Base64 = Annotated[str, Field(min_length=1, description="An encoded picture in base64")]
Metadata = dict[str, MetadataValue]
Filter = Annotated[
    dict[str, Any],
    Field(
        description="Fields with a scalar (eq), a list (in) or operators "
        f"({', '.join(OPERATORS)}); 'and' and 'or' take a list of filters, 'not' takes one. A "
        "comparison is false where a record lacks the field, but for ne",
        examples=[
            {"price": {"gte": 10, "lt": 100}, "color": ["Red", "Navy Blue"]},
            {"or": [{"brand": "Nike"}, {"not": {"title": {"contains": "used"}}}]},
            {"place": {"near": {"lat": 48.1, "lon": 11.5, "radius": "10km"}}},
            {"added": {"during": "last 30 days"}, "stock": {"exists": True}},
        ],
    ),
]


class Strict(BaseModel):
    """A request: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="Says no more than code")
    title: str = Field(description="The code in words")
    status: int = Field(description="The HTTP status")
    code: str = Field(description="Stable, for programs; which there are stands at the beginning")
    detail: str | None = Field(
        None, description="One line for a person: what is wrong, and what would work"
    )
    field: str | None = Field(None, description="The part of the request at fault")
    request_id: str = Field(description="As in the header X-Request-ID and in the service's log")


class PartOut(BaseModel):
    """The part of a record that matched."""

    id: int = Field(description="As in ?part= of its picture's paths")
    kind: Kind = Field(description="Picture or text")
    role: str = Field(description="Which of the record's, such as image or title")
    uri: str = Field(description="Where it lies")
    text: str | None = Field(description="Of a text: what it says")


class PictureOut(BaseModel):
    """What is known of a picture before it is loaded; whatever metadata says of it."""

    width: int = Field(description="Pixels, of the upright picture")
    height: int = Field(description="Pixels, of the upright picture")
    colour: str | None = Field(
        description="The average of its pixels, as #a0b1c2; null until a thumbnail was made, where "
        "it was indexed by an older Binocle"
    )
    version: str = Field(description="Changes when the picture does")


class StoredPartOut(PartOut):
    """A part of a record, and its picture."""

    picture: PictureOut | None = Field(description="Of a picture")
    thumbnail: str | None = Field(description="Path of the picture, small")
    image: str | None = Field(description="Path of the picture as it was stored")


class ImageIn(Strict):
    """A picture: in base64, or a file of the same multipart request by its name."""

    data: Base64 | None = None
    file: str | None = Field(
        None, min_length=1, max_length=200, description="The name of a file in the same form"
    )
    role: str = Field(
        "image",
        min_length=1,
        max_length=100,
        description="Which of the record's pictures it is, such as front; several may share one",
    )


def _check_id(record_id: str) -> str:
    if record_id.endswith(("/image", "/thumbnail")):
        raise ValueError("must not end in /image or /thumbnail")
    return record_id


class RecordIn(Strict):
    """A record to store, replacing what has its id."""

    id: Annotated[RecordId, AfterValidator(_check_id)] = Field(
        json_schema_extra={"not": {"pattern": "/(image|thumbnail)$"}}
    )
    metadata: Metadata = Field(
        default_factory=dict, max_length=500, description="A null says no more than a missing field"
    )
    images: list[Base64 | ImageIn] = Field(
        default_factory=list,
        max_length=32,
        description="In base64, or files of the same form; the first one is shown",
    )
    texts: dict[str, Text | list[Text]] = Field(
        default_factory=dict, max_length=64, description="By role, such as title"
    )
    uri: str | None = Field(None, max_length=2000, description="Where it lies for you; not read")

    @field_validator("metadata", mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: one for name, one in value.items() if one is not None}


class RecordsIn(Strict):
    """Records to store."""

    records: list[Annotated[RecordIn, WrapValidator(or_misfit)]] = Field(
        min_length=1,
        description="256 at most unless the operator says so; more go to records:import",
    )


class ItemError(BaseModel):
    """Why one record was not stored."""

    code: str = Field(description="Stable, as of problem documents")
    detail: str = Field(description="For a person")


class RecordResult(BaseModel):
    """What became of one record."""

    id: str = Field(description="Empty where it could not be read")
    status: Literal["stored", "failed"] = Field(description="stored: it is on disk")
    error: ItemError | None = Field(None, description="Why it was not stored")


class RecordsOut(BaseModel):
    """What became of each, in order."""

    results: list[RecordResult] = Field(description="One for each record")
    stored: int = Field(description="How many were")
    failed: int = Field(description="How many were not")


class RecordOut(BaseModel):
    """A stored record."""

    id: str = Field(description="Names it")
    uri: str = Field(description="Where it lies; as it was sent, or of what was indexed")
    metadata: Metadata = Field(description="Its fields")
    texts: dict[str, list[str]] = Field(description="By role")
    parts: list[StoredPartOut] = Field(description="All its pictures and texts")
    picture: PictureOut | None = Field(description="The record's first")
    thumbnail: str | None = Field(description="Path of that picture, small")
    image: str | None = Field(description="Path of that picture as it was stored")


class RecordPage(BaseModel):
    """Some of the records, in the order they were first stored."""

    records: list[RecordOut] = Field(description="As many as limit says, or the last ones")
    cursor: str | None = Field(description="Asks for the next page; null behind the last")


class CollectionIn(Strict):
    """A collection to make."""

    model: str | None = Field(None, max_length=500, description="One of GET /v1/models")
    keep_pictures: bool = Field(
        default=True,
        description="False, for a new collection: of pictures that are sent only vectors, hashes "
        "and features are kept",
    )


class CollectionOut(BaseModel):
    """What a collection holds."""

    name: str = Field(description="As it was asked for")
    alias_of: str | None = Field(
        None,
        description="The collection's own name, where it was asked for by an alias and the key is "
        "for it",
    )
    aliases: list[str] = Field(
        default_factory=list, description="Other names of it, as far as the key is for them"
    )
    model: str | None = Field(description="Embeds it; null until the first record is stored")
    dimension: int | None = Field(description="Numbers in each vector")
    records: int = Field(description="How many there are")
    parts: dict[str, int] = Field(
        description="How many pictures (image) and texts (text) there are"
    )
    indices: dict[str, str] = Field(description="How each kind is searched, for a person")
    bytes: int = Field(description="What it takes on disk")
    changed_at: str | None = Field(
        description="When something was last stored or removed; ISO 8601, UTC"
    )
    keeps_pictures: bool = Field(
        default=True,
        description="Whether pictures that are sent are kept, or only what is made of them",
    )


class CollectionsOut(BaseModel):
    """All collections the key may see."""

    collections: list[CollectionOut] = Field(description="By name")


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = Field("ok", description="ok, whenever it answers")
    version: str = Field(description="Of Binocle")


class Readiness(BaseModel):
    """Models are loaded and catalogues open."""

    ready: bool = Field(description="Whether searches are answered without loading anything first")
    collections: int | None = Field(None, description="Left out where a key is needed to know")
    models: list[str] | None = Field(None, description="Those in memory; left out likewise")
