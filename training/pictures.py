"""The pictures of a table of pairs: decoded once, joined by content, divided."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from binocle.media.decoder_pool import DecoderPool
from binocle.types import Float32Array, ImageSpec, Limits, PixelArray, Skip
from evaluation.pairs import PairMatches, match_texts
from indexer.media_reader import MediaReader, PreparedImage
from indexer.sources.base import Candidate

LEAST_TRAINED, LEAST_HELD_BACK, MOST_HELD_BACK = 40, 20, 2000
HELD_BACK_SHARE = 0.1
_LOOK_AHEAD = 64
Advance: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TrainingPictures:
    """Decoded pictures with their texts.

    Attributes:
        pixels: (n, h, w, 3) uint8; on disk where they do not fit in memory.
        ratios: (n,) float32: width divided by height of the upright pictures.
        candidates: For each, where it lies and its texts, at least one.
        digests: SHA-256 of each file; all different.
        skipped: Uri and reason of what could not be read.
    """

    pixels: PixelArray
    ratios: Float32Array
    candidates: tuple[Candidate, ...]
    digests: tuple[bytes, ...]
    skipped: tuple[tuple[str, Skip], ...]

    def __len__(self) -> int:
        return len(self.candidates)

    def texts(self, place: int) -> tuple[str, ...]:
        """Return one picture's texts."""
        return tuple(one.text for one in self.candidates[place].texts)

    def fingerprint(self) -> str:
        """Return a hash of contents and texts in their order."""
        digest = hashlib.sha256()
        for place, sha256 in enumerate(self.digests):
            digest.update(sha256 + repr(self.texts(place)).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Pictures and texts to measure on.

    Attributes:
        pixels: (n, height, width, 3) uint8 as the model wants them.
        matches: The different texts, and which of them belong to which of the pictures.
    """

    pixels: PixelArray
    matches: PairMatches

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How pictures become pixels.

    Attributes:
        limits: What one picture may cost.
        workers: How many are decoded at once.
        memory_bytes: What the pixels of one call may take.
        overflow: A file for more; made if need be, removed by whoever calls.
        advance: Told how many are done, and of how many.
    """

    limits: Limits
    workers: int
    memory_bytes: int
    overflow: Path
    advance: Advance

    def decode(self, candidates: Sequence[Candidate], spec: ImageSpec) -> TrainingPictures:
        """Decode the first picture of each candidate.

        Those that cannot be decoded are left out and listed. Files of the same content become
        one picture with all their texts.
        """
        shape = (len(candidates), spec.height, spec.width, 3)
        pixels: PixelArray
        if math.prod(shape) <= self.memory_bytes:
            pixels = np.empty(shape, np.uint8)
        else:
            pixels = np.memmap(self.overflow, np.uint8, "w+", shape=shape)
        places: dict[bytes, int] = {}
        found: list[Candidate] = []
        ratios: list[float] = []
        skipped: list[tuple[str, Skip]] = []
        for done, (candidate, image) in enumerate(self._prepared(candidates, spec), 1):
            self.advance(done, len(candidates))
            if image.picture is None:
                skipped.append((candidate.uri, image.skip or Skip("unreadable", "no picture")))
                continue
            place = places.setdefault(image.sha256, len(found))
            if place < len(found):
                texts = {one.text: one for one in found[place].texts + candidate.texts}
                found[place] = replace(found[place], texts=tuple(texts.values()))
                continue
            found.append(candidate)
            pixels[place] = image.picture.pixels
            ratios.append(image.picture.info.width / image.picture.info.height)
        return TrainingPictures(
            pixels[: len(found)],
            np.array(ratios, np.float32),
            tuple(found),
            tuple(places),
            tuple(skipped),
        )

    def _prepared(
        self, candidates: Sequence[Candidate], spec: ImageSpec
    ) -> Iterator[tuple[Candidate, PreparedImage]]:
        pictures = (replace(one, images=one.images[:1], texts=()) for one in candidates)
        with closing(DecoderPool(self.workers, self.limits)) as pool:
            reader = MediaReader(pool, spec, look_ahead=_LOOK_AHEAD)
            with closing(reader.run(pictures)) as run:
                for candidate, prepared in zip(candidates, run, strict=True):
                    yield candidate, prepared.images[0]


def held_back(pictures: TrainingPictures) -> HeldBack:
    """Return pictures, decoded as the model wants them, with their texts joined where equal."""
    texts = [pictures.texts(place) for place in range(len(pictures))]
    return HeldBack(pictures.pixels, match_texts(texts, pictures.digests))


def divide(count: int, *, seed: int) -> tuple[list[int], list[int]]:
    """Hold back a tenth of the pictures, at least 20 and at most 2,000.

    Args:
        count: How many pictures there are.
        seed: Of the draw.

    Returns:
        Places of the pictures to train on, and of those held back, ascending.
    """
    wanted = min(max(LEAST_HELD_BACK, round(HELD_BACK_SHARE * count)), MOST_HELD_BACK)
    order = np.random.default_rng(seed).permutation(count).tolist()
    return sorted(order[wanted:]), sorted(order[:wanted])
