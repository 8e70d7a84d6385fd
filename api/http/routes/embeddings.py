"""Vectors for whoever wants only those, in the shape OpenAI's clients speak."""

import base64
from collections.abc import Sequence

from fastapi import APIRouter

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.payloads import decoded
from api.http.runtime.dependencies import KeyDependency, ServiceDependency, allow, count_searches
from api.http.runtime.service import Service
from api.http.schemas.models.embeddings import (
    Embedding,
    EmbeddingsIn,
    EmbeddingsOut,
    ModelOut,
    ModelsOut,
    Usage,
)
from api.keys.key import Key
from binocle.types import Float32Array

router = APIRouter(tags=["embeddings"], route_class=JsonRoute)
_DATA_URL = "data:image/"


@router.get("/models")
async def list_models(service: ServiceDependency, key: KeyDependency) -> ModelsOut:
    """List the models that may be named: the default and those of the key's collections."""
    allow(key, "read", None)
    models = await service.storing.run(service.models, key)
    return ModelsOut(data=[ModelOut(id=name) for name in models])


@router.post("/embeddings")
async def embed(
    service: ServiceDependency, key: KeyDependency, body: EmbeddingsIn
) -> EmbeddingsOut:
    """Embed texts, and pictures given as data URLs; unit vectors."""
    allow(key, "read", None)
    inputs = [body.input] if isinstance(body.input, str) else body.input
    if not 1 <= len(inputs) <= service.settings.max_batch:
        detail = f"from 1 to {service.settings.max_batch} inputs, not {len(inputs)}"
        raise ServiceError(422, "batch-too-large", detail, field="input")
    count_searches(service, key, len(inputs))
    rows = await service.fetching.run(_rows, service, key, body, inputs)
    texts = [text for text in inputs if not text.startswith(_DATA_URL)]
    words = sum(len(text.split()) for text in texts)
    return EmbeddingsOut(
        data=[
            Embedding(index=number, embedding=_encoded(row, body.encoding_format))
            for number, row in enumerate(rows)
        ],
        model=body.model,
        usage=Usage(prompt_tokens=words, total_tokens=words),
    )


def _rows(
    service: Service, key: Key | None, body: EmbeddingsIn, inputs: Sequence[str]
) -> list[Float32Array]:
    """Return the rows of texts and of pictures as data URLs."""
    encoder = service.encoder(service.model_named(body.model, key))
    dimension = encoder.space.dimension
    if body.dimensions not in (None, dimension):
        detail = f"{body.model} gives vectors of {dimension} dimensions, which are not shortened; "
        detail += f"ask for {dimension}, or leave dimensions out"
        raise ServiceError(422, "invalid", detail, field="dimensions")
    pictures = {
        number: decoded(text, f"input.{number}")
        for number, text in enumerate(inputs)
        if text.startswith(_DATA_URL)
    }
    texts = {number: text for number, text in enumerate(inputs) if number not in pictures}
    rows: dict[int, Float32Array] = {}
    if pictures:
        pixels = service.pixels(list(pictures.values()), encoder.image_spec)
        rows |= zip(pictures, encoder.encode_images(pixels), strict=True)
    if texts:
        rows |= zip(texts, encoder.encode_texts(list(texts.values())), strict=True)
    return [rows[number] for number in range(len(inputs))]


def _encoded(row: Float32Array, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    return [float(number) for number in row]
