"""Pictures and texts into rows, read and decoded the way the indexer does it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from binocle.encoders.base import Encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, PixelArray, Skip
from indexer.media_reader import MediaReader
from indexer.sources.base import Candidate

_TEXTS_AT_ONCE = 256

OnProgress = Callable[[int, int, int], None]
"""Told how many pictures are settled, how many there are, and how many were skipped."""


@dataclass(frozen=True, slots=True)
class EmbeddedPictures:
    """Pictures that could be read, in their order, and those that could not.

    Attributes:
        rows: ``(n, d)`` float32 unit rows.
        places: For each row, the place of its candidate in what was given.
        hashes: For each row, the SHA-256 of the file.
        skips: Where a candidate's picture lies that could not be read, and why.
    """

    rows: Float32Array
    places: tuple[int, ...]
    hashes: tuple[bytes, ...]
    skips: tuple[tuple[str, Skip], ...]


def embed_pictures(
    candidates: Sequence[Candidate],
    encoder: Encoder,
    decoders: DecoderPool,
    on_progress: OnProgress = lambda _done, _total, _skipped: None,
) -> EmbeddedPictures:
    """Embed the first picture of each candidate.

    Args:
        candidates: Each with a picture, or with a reason why it has none.
        encoder: Embeds; its ``image_spec`` says how pictures are resized.
        decoders: Where they are decoded, a bounded number ahead.
        on_progress: Told after every picture.
    """
    reader = MediaReader(decoders, encoder.image_spec)
    rows: list[Float32Array] = []
    waiting: list[PixelArray] = []
    places: list[int] = []
    hashes: list[bytes] = []
    skips: list[tuple[str, Skip]] = []

    first_pictures = (replace(one, images=one.images[:1], texts=()) for one in candidates)
    with closing(reader.run(first_pictures)) as prepared_candidates:
        for place, prepared in enumerate(prepared_candidates):
            image = prepared.images[0] if prepared.images else None
            if image is not None and image.picture is not None:
                waiting.append(image.picture.pixels)
                places.append(place)
                hashes.append(image.sha256)
            else:
                skip = (image.skip if image else None) or prepared.candidate.skip
                assert skip is not None
                skips.append((prepared.candidate.uri, skip))
            if len(waiting) == encoder.batch_size:
                rows.append(encoder.encode_images(np.stack(waiting)))
                waiting.clear()
            on_progress(place + 1, len(candidates), len(skips))
    if waiting:
        rows.append(encoder.encode_images(np.stack(waiting)))
    joined = np.concatenate(rows) if rows else np.empty((0, encoder.space.dimension), np.float32)
    return EmbeddedPictures(joined, tuple(places), tuple(hashes), tuple(skips))


def embed_texts(texts: Sequence[str], encoder: Encoder) -> Float32Array:
    """Embed texts, some hundred at once.

    Returns:
        ``(n, d)`` float32 unit rows.
    """
    if not texts:
        return np.empty((0, encoder.space.dimension), np.float32)
    starts = range(0, len(texts), _TEXTS_AT_ONCE)
    return np.concatenate(
        [encoder.encode_texts(texts[start : start + _TEXTS_AT_ONCE]) for start in starts]
    )
