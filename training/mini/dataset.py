"""What the towers learn from, computed once: pictures, teachers' features, texts and targets."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from training.augmentation import sampling_grid
from training.mini.pictures import DEV_PRODUCTS, MiniPictures, load_pictures
from training.mini.sentences import Sentences
from training.mini.teacher import INPUT_SIZE, Teacher
from training.mini.teacher_space import TeacherPairs, TextFeatures, colour_histogram
from training.mini.tokenizer import class_prompts, product_phrases

_CERTAIN = 0.5
_BATCH = 256


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set, on the device.

    Attributes:
        name: Of the data set.
        pixels: ``(n, 3, 224, 224)`` uint8.
        texts: Each picture's texts.
        labels: Each picture's label.
        share: The part of a batch of crops that comes from here.
    """

    name: str
    pixels: torch.Tensor
    texts: list[list[str]]
    labels: list[str]
    share: float


_SHARES = {"flickr8k-train": 0.5, "fashion": 0.2, "electronics": 0.1, "caltech101": 0.2}


def load_sets(
    folder: Path, device: torch.device, *, limit: int | None, hold_back: bool
) -> tuple[list[DataSet], list[DataSet]]:
    """Load the packed data sets.

    Args:
        folder: Where ``MiniPictures.save`` wrote.
        device: Where the pixels go.
        limit: Take only so many pictures of each, to try things.
        hold_back: Keep what is for measuring (Flickr8k's dev photos, 2,000 products) out of
            training. False trains on everything, which leaves nothing to measure on.

    Returns:
        The sets to learn from, and those to measure on. The Caltech-101 photos are in both, but
        only measuring knows their labels.
    """
    learn, measure = [], []
    for name, share in _SHARES.items():
        pictures = _first(load_pictures(folder / f"{name}.npz"), limit)
        order = list(range(len(pictures.encoded)))
        if name == "fashion":
            random.Random(0).shuffle(order)
            held = sorted(order[: min(DEV_PRODUCTS, len(order) // 5)])
            measure.append(_on_device(pictures.part(held), 0.0, device))
            order = sorted(set(order) - set(held)) if hold_back else sorted(order)
        learn.append(_on_device(pictures.part(order), share, device))
        if name == "caltech101":
            measure.append(learn[-1])
    dev = _on_device(_first(load_pictures(folder / "flickr8k-dev.npz"), limit), 0.0, device)
    measure.append(dev)
    if not hold_back:
        flickr = learn[0]
        both = torch.cat([flickr.pixels, dev.pixels])
        texts, labels = flickr.texts + dev.texts, flickr.labels + dev.labels
        learn[0] = DataSet(flickr.name, both, texts, labels, flickr.share)
    return learn, measure


def _first(pictures: MiniPictures, limit: int | None) -> MiniPictures:
    return pictures if limit is None else pictures.part(range(min(limit, len(pictures.encoded))))


def _on_device(pictures: MiniPictures, share: float, device: torch.device) -> DataSet:
    pixels = torch.from_numpy(pictures.decode()).to(device).permute(0, 3, 1, 2)
    texts, labels = pictures.texts, pictures.labels
    return DataSet(pictures.name, pixels.contiguous(), texts, labels, share)


class ImageTeacher:
    """The teacher's features and the colours of crops, as the joint space wants them."""

    def __init__(self, teacher: Teacher, device: torch.device) -> None:
        """Move the teacher to the device, in bfloat16."""
        moved = teacher.eval().to(device=device, dtype=torch.bfloat16)
        self._teacher = moved.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Look at crops.

        Args:
            pixels: ``(n, 3, 224, 224)`` RGB in 0 to 255.

        Returns:
            ``(n, 1280)`` square roots of the features, ``(n, 1712)`` those and the colour
            histogram, ``(n, 1000)`` probabilities of ImageNet's classes.
        """
        features, logits = self._teacher(
            pixels.to(torch.bfloat16, memory_format=torch.channels_last)
        )
        roots = features.float().sqrt()
        both = torch.cat([roots, colour_histogram(pixels)], 1)
        return roots, both, logits.float()[:, 1:].softmax(1)

    def look(self, pixels: torch.Tensor, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Look at a window of each picture.

        Args:
            pixels: ``(n, 3, 224, 224)`` uint8.
            boxes: ``(n, 4)`` left, top, width, height as shares of the picture.

        Returns:
            ``(n, 1712)`` float16 features and colours, and ``(n, 1000)`` float16 probabilities.
        """
        rows, chances = [], []
        for start in range(0, len(pixels), _BATCH):
            part = slice(start, start + _BATCH)
            crops = cut(pixels[part], boxes[part].to(pixels.device), INPUT_SIZE)
            _, both, chance = self(crops)
            rows.append(both.half())
            chances.append(chance.half())
        return torch.cat(rows), torch.cat(chances)


def cut(pixels: torch.Tensor, boxes: torch.Tensor, size: int) -> torch.Tensor:
    """Cut a window out of each picture, bilinearly.

    Args:
        pixels: ``(n, 3, h, w)`` uint8.
        boxes: ``(n, 4)`` left, top, width, height as shares; a negative width mirrors.
        size: Height and width of the result.

    Returns:
        ``(n, 3, size, size)`` float32 in 0 to 255.
    """
    grid = sampling_grid(boxes, size, size)
    source = pixels.float()
    return functional.grid_sample(source, grid, padding_mode="border", align_corners=False)


def whole(count: int) -> torch.Tensor:
    """Return boxes ``(count, 4)`` around whole pictures."""
    return torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(count, 1)


def own_texts(one: DataSet, per_product: int, seed: int) -> tuple[list[str], list[int]]:
    """Return a data set's texts and the picture each belongs to."""
    rng = random.Random(seed)
    texts, owners = [], []
    for at, (own, label) in enumerate(zip(one.texts, one.labels, strict=True)):
        chosen = list(own)
        if one.name == "fashion":
            phrases = product_phrases(label)
            chosen += rng.sample(phrases, min(per_product, len(phrases)))
        elif one.name == "electronics":
            head = re.split(r"[,(|]", own[0])[0]  # long names go on behind a comma or a bracket
            chosen.append(" ".join(head.split()[:8]))
        texts += chosen
        owners += [at] * len(chosen)
    return texts, owners


def make_pairs(
    sets: Sequence[DataSet],
    features: Sequence[torch.Tensor],
    chances: Sequence[torch.Tensor],
    sentences: Sentences,
    text_features: TextFeatures,
) -> list[TeacherPairs]:
    """Bring pictures and texts together: a data set's own, and the names the teacher gives."""
    weights = {"flickr8k-train": 1.0, "fashion": 0.3, "electronics": 0.3}
    pairs = []
    for one, rows in zip(sets, features, strict=True):
        texts, owners = own_texts(one, 3, 0)
        if texts:
            known = text_features(texts, sentences.encode(texts))
            pairs.append(_pairs(one.name, rows, known, owners, texts, weights[one.name]))
    rows, chance = torch.cat(list(features)), torch.cat(list(chances))
    certain, names = chance.max(1)
    prompts = class_prompts(3)
    owners = torch.nonzero(certain > _CERTAIN).flatten().tolist()
    labels = names[owners].tolist()
    texts = [prompts[label][at % 3] for at, label in enumerate(labels)]
    known = text_features(texts, sentences.encode(texts))
    groups = [str(label) for label in labels]
    pairs.append(_pairs("class names", rows, known, owners, groups, 0.5))
    return pairs


def _pairs(
    name: str,
    rows: torch.Tensor,
    texts: torch.Tensor,
    owners: list[int],
    groups: list[str],
    weight: float,
) -> TeacherPairs:
    owner, group = torch.tensor(owners), group_numbers(groups)
    device = rows.device
    return TeacherPairs(name, rows, texts, owner.to(device), group.to(device), weight)


def group_numbers(texts: Sequence[str]) -> torch.Tensor:
    """Return ``(n,)`` int64, equal numbers for texts that differ in case only."""
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(one.lower(), len(numbers)) for one in texts])


def unit(rows: torch.Tensor) -> torch.Tensor:
    """Scale rows to length 1, in float32."""
    return functional.normalize(rows.float(), dim=1)
