"""Recall on Flickr8k's dev photos, by language."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from binocle.encoders.base import Encoder
from binocle.types import Float32Array
from training.mini.crops import shrink
from training.mini.languages.captions import load
from training.mini.pictures import MiniPictures, load_pictures


def embed_pictures(encoder: Encoder, pictures: MiniPictures) -> Float32Array:
    """Return the pictures' rows, ``(n, d)``."""
    rows = []
    side = encoder.image_spec.width
    for start in range(0, len(pictures.encoded), 64):
        part = pictures.part(range(start, min(start + 64, len(pictures.encoded))))
        pixels = torch.from_numpy(part.decode()).permute(0, 3, 1, 2)
        small = ((shrink(pixels, side) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        rows.append(encoder.encode_images(small.permute(0, 2, 3, 1).numpy()))
    return np.concatenate(rows)


def measure_languages(encoder: Encoder, packed: Path, limit: int | None) -> dict[str, float]:
    """Return recall on Flickr8k's dev photos in percent, as ``de t2i@10`` and so on."""
    pictures = load_pictures(packed / "flickr8k-dev.npz")
    pictures = pictures.part(range(min(limit or len(pictures.texts), len(pictures.texts))))
    rows = embed_pictures(encoder, pictures)
    found: dict[str, float] = {}
    for language, captions in load(packed, "dev", len(rows)).items():
        if captions.texts:
            texts = encoder.encode_texts(captions.texts)
            found |= recalls(language, rows, texts, np.array(captions.pictures))
    return found


def recalls(
    language: str, pictures: Float32Array, texts: Float32Array, owner: np.ndarray[Any, Any]
) -> dict[str, float]:
    """Return the share of texts whose picture is among the ten best, and the other way round.

    Some pictures have no text in a language: they may be found, but are not asked for.

    Args:
        language: Of the texts.
        pictures: ``(p, d)`` unit rows.
        texts: ``(t, d)`` unit rows.
        owner: ``(t,)`` int64, each text's picture.
    """
    scores = texts @ pictures.T
    before = (scores > scores[np.arange(len(owner)), owner][:, None]).sum(1)
    best = np.array([scores[owner == one, one].max() for one in np.unique(owner)])
    ahead = (scores[:, np.unique(owner)] > best).sum(0)
    return {
        f"{language} t2i@10": 100 * float((before < 10).mean()),
        f"{language} i2t@10": 100 * float((ahead < 10).mean()),
    }
