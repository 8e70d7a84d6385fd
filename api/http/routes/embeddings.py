"""Vectors for whoever wants only those, in the shape OpenAI's clients speak."""

import base64

from fastapi import APIRouter

from api.http.errors.problems import ServiceError
from api.http.mapping.payloads import decoded
from api.http.runtime.dependencies import ServiceDependency
from api.http.runtime.service import usable
from api.http.schemas.common import (
    Embedding,
    EmbeddingsIn,
    EmbeddingsOut,
    ModelOut,
    ModelsOut,
    Usage,
)
from binocle.types import Float32Array

router = APIRouter(tags=["embeddings"])
_DATA_URL = "data:image/"


@router.get("/models")
def list_models(service: ServiceDependency) -> ModelsOut:
    """List the models that may be named: the default and those of the collections."""
    return ModelsOut(data=[ModelOut(id=name) for name in service.models()])


@router.post("/embeddings")
async def embed(service: ServiceDependency, body: EmbeddingsIn) -> EmbeddingsOut:
    """Embed texts, and pictures given as data URLs; unit vectors."""
    inputs = [body.input] if isinstance(body.input, str) else body.input
    if not 1 <= len(inputs) <= service.settings.max_batch:
        detail = f"from 1 to {service.settings.max_batch} inputs, not {len(inputs)}"
        raise ServiceError(422, "batch-too-large", detail, field="input")
    encoder_queue = await service.encoder_queue(
        await service.storing.run(service.model_named, body.model)
    )
    pictures = {
        number: decoded(text, f"input.{number}")
        for number, text in enumerate(inputs)
        if text.startswith(_DATA_URL)
    }
    spec = encoder_queue.encoder.image_spec
    found = await service.decode_all(list(pictures.values()), spec)
    texts = [text for number, text in enumerate(inputs) if number not in pictures]
    image_rows = iter(await encoder_queue.images([usable(one).pixels for one in found]))
    text_rows = iter(await encoder_queue.texts(texts) if texts else [])
    rows = [next(image_rows if number in pictures else text_rows) for number in range(len(inputs))]
    words = sum(len(text.split()) for text in texts)
    return EmbeddingsOut(
        data=[
            Embedding(index=number, embedding=_encoded(row, body.encoding_format))
            for number, row in enumerate(rows)
        ],
        model=body.model,
        usage=Usage(prompt_tokens=words, total_tokens=words),
    )


def _encoded(row: Float32Array, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    return [float(number) for number in row]
