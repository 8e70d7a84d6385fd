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

Name = Annotated[str, Field(pattern=COLLECTION_NAME)]
RecordId = Annotated[str, Field(min_length=1, max_length=1024, pattern=NO_CONTROLS)]
Text = Annotated[str, Field(min_length=1, max_length=20_000, pattern=NOT_BLANK)]
Base64 = Annotated[str, Field(min_length=1, description="An encoded picture in base64")]
Metadata = dict[str, MetadataValue]
Filter = Annotated[
    dict[str, Any],
    Field(
        description="Fields with a scalar (eq), a list (in) or operators "
        f"({', '.join(OPERATORS)}); 'and', 'or' and 'not' combine",
        examples=[{"price": {"lt": 100}, "color": ["Red", "Navy Blue"]}],
    ),
]


class Strict(BaseModel):
    """A request: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong (RFC 9457). ``code`` is stable; the list is in docs/http.md."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
    field: str | None = Field(None, description="The part of the request at fault")
    request_id: str


class PartOut(BaseModel):
    """The part of a record that matched."""

    id: int
    kind: Kind
    role: str
    uri: str
    text: str | None


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

    picture: PictureOut | None
    thumbnail: str | None = Field(description="Path of the picture, small")
    image: str | None = Field(description="Path of the picture as it was stored")


class ImageIn(Strict):
    """A picture: in base64, or a file of the same multipart request by its name."""

    data: Base64 | None = None
    file: str | None = Field(None, min_length=1, max_length=200)
    role: str = Field("image", min_length=1, max_length=100)


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
    images: list[Base64 | ImageIn] = Field(default_factory=list, max_length=32)
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

    records: list[Annotated[RecordIn, WrapValidator(or_misfit)]] = Field(min_length=1)


class ItemError(BaseModel):
    """Why one record was not stored."""

    code: str
    detail: str


class RecordResult(BaseModel):
    """What became of one record."""

    id: str = Field(description="Empty where it could not be read")
    status: Literal["stored", "failed"]
    error: ItemError | None = None


class RecordsOut(BaseModel):
    """What became of each, in order."""

    results: list[RecordResult]
    stored: int
    failed: int


class RecordOut(BaseModel):
    """A stored record."""

    id: str
    uri: str
    metadata: Metadata
    texts: dict[str, list[str]] = Field(description="By role")
    parts: list[StoredPartOut]
    picture: PictureOut | None = Field(description="The record's first")
    thumbnail: str | None = Field(description="Path of that picture, small")
    image: str | None = Field(description="Path of that picture as it was stored")


class RecordPage(BaseModel):
    """Some of the records, in the order they were first stored."""

    records: list[RecordOut]
    cursor: str | None


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

    name: str
    alias_of: str | None = Field(
        None,
        description="The collection's own name, where it was asked for by an alias and the key is "
        "for it",
    )
    aliases: list[str] = Field(
        default_factory=list, description="Other names of it, as far as the key is for them"
    )
    model: str | None
    dimension: int | None
    records: int
    parts: dict[str, int]
    indices: dict[str, str]
    bytes: int
    changed_at: str | None
    keeps_pictures: bool = Field(
        default=True,
        description="Whether pictures that are sent are kept, or only what is made of them",
    )


class CollectionsOut(BaseModel):
    """All collections the key may see."""

    collections: list[CollectionOut]


class EmbeddingsIn(BaseModel):
    """What OpenAI's clients send; pictures are data URLs. Other fields are ignored."""

    input: Text | Annotated[list[Text], Field(min_length=1)]
    model: str = Field(max_length=500)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(
        None, ge=1, le=100_000, description="That of the model; vectors are not shortened"
    )


class Embedding(BaseModel):
    """One vector: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Counted in words."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsOut(BaseModel):
    """OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class ModelOut(BaseModel):
    """A model clients may name."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "binocle"


class ModelsOut(BaseModel):
    """OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    version: str


class Readiness(BaseModel):
    """Models are loaded and catalogues open."""

    ready: bool
    collections: int | None = Field(None, description="Left out where a key is needed to know")
    models: list[str] | None = Field(None, description="Those in memory; left out likewise")
