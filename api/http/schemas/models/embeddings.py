"""Vectors and models on the wire, as OpenAI's clients know them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.http.schemas.common import Text


class EmbeddingsIn(BaseModel):
    """What OpenAI's clients send; pictures are data URLs. Other fields are ignored."""

    input: Text | Annotated[list[Text], Field(min_length=1)] = Field(
        description="Texts, or pictures as data URLs (data:image/jpeg;base64,...)"
    )
    model: str = Field(max_length=500, description="One of GET /v1/models")
    encoding_format: Literal["float", "base64"] = Field(
        "float", description="base64: of little-endian float32"
    )
    dimensions: int | None = Field(
        None, ge=1, le=100_000, description="That of the model; vectors are not shortened"
    )


class Embedding(BaseModel):
    """One vector: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"] = Field("embedding", description="OpenAI's word for it")
    index: int = Field(description="Which of the inputs, from 0")
    embedding: list[float] | str = Field(description="A unit vector")


class Usage(BaseModel):
    """Counted in words."""

    prompt_tokens: int = Field(description="Words of the inputs")
    total_tokens: int = Field(description="The same")


class EmbeddingsOut(BaseModel):
    """OpenAI's shape."""

    object: Literal["list"] = Field("list", description="OpenAI's word for it")
    data: list[Embedding] = Field(description="In the order of the inputs")
    model: str = Field(description="As it was asked for")
    usage: Usage = Field(description="OpenAI's clients want it; nothing is billed")


class ModelOut(BaseModel):
    """A model clients may name."""

    id: str = Field(description="Its name")
    object: Literal["model"] = Field("model", description="OpenAI's word for it")
    created: int = Field(0, description="Not known: 0")
    owned_by: str = Field("binocle", description="Who serves it")


class ModelsOut(BaseModel):
    """OpenAI's shape."""

    object: Literal["list"] = Field("list", description="OpenAI's word for it")
    data: list[ModelOut] = Field(description="Those the service can embed with")
