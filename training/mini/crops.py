"""Windows of pictures, as the teacher and the image tower see them in a step."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from training.mini.dataset import DataSet, cut
from training.mini.teacher import INPUT_SIZE


@dataclass(frozen=True, slots=True)
class Owned:
    """A data set and its texts as the steps draw from them.

    Attributes:
        data: The pictures.
        first_text: Where its texts begin among all texts.
        owners: ``(t,)`` int64, the picture of each of its texts, ascending.
        groups: ``(t,)`` int64; texts of one group say the same.
    """

    data: DataSet
    first_text: int
    owners: torch.Tensor
    groups: torch.Tensor


class TeacherCrops:
    """Draws windows at random, the same for teacher and tower."""

    def __init__(self, sets: list[Owned], device: torch.device, generator: torch.Generator) -> None:
        """Set up.

        Args:
            sets: What to draw from, each by its share.
            device: Where the pictures are.
            generator: On the CPU.
        """
        self._sets, self._device, self._generator = sets, device, generator

    def pairs(self, count: int) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
        """Draw pictures with a text each: whole in half of the cases, else nearly.

        Args:
            count: How many in all.

        Returns:
            ``(n, 3, s, s)`` float32 pixels in 0 to 255, set by set; and for each set the
            numbers of the texts and their groups, empty where it has none.
        """
        seen, texts = [], []
        for one in self._sets:
            chosen = self._distinct(one, count)
            boxes = self._boxes(len(chosen), 0.5, 1.0)
            boxes[self._uniform(len(chosen)) < 0.5] = torch.tensor([0.0, 0.0, 1.0, 1.0])
            seen.append(self._cut(one, chosen, boxes))
            texts.append(self._texts(one, chosen))
        return torch.cat(seen), texts

    def windows(self, count: int) -> torch.Tensor:
        """Draw windows of any size; the first half is mixed with the second (Zhang et al. 2018).

        Returns:
            ``(n, 3, s, s)`` float32 pixels in 0 to 255.
        """
        seen = []
        for one in self._sets:
            chosen = self._distinct(one, count)
            seen.append(self._cut(one, chosen, self._boxes(len(chosen), 0.1, 1.0)))
        every = torch.cat(seen)
        every = every[torch.randperm(len(every), generator=self._generator).to(self._device)]
        half = len(every) // 2
        share = self._uniform(half).to(self._device).view(-1, 1, 1, 1)
        mixed = share * every[:half] + (1 - share) * every[half : 2 * half]
        return torch.cat([mixed, every[half:]])

    def _distinct(self, one: Owned, count: int) -> torch.Tensor:
        total = len(one.data.pixels)
        return torch.randperm(total, generator=self._generator)[: int(count * one.data.share)]

    def _uniform(self, *size: int) -> torch.Tensor:
        return torch.rand(size, generator=self._generator)

    def _boxes(self, count: int, least: float, most: float) -> torch.Tensor:
        """Return ``(count, 4)`` left, top, width, height; areas from ``least`` to ``most``."""
        draw = self._uniform(count, 4)
        area = least + (most - least) * draw[:, 0]
        ratio = torch.exp((2 * draw[:, 1] - 1) * math.log(4 / 3))
        width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
        return torch.stack([draw[:, 2] * (1 - width), draw[:, 3] * (1 - height), width, height], 1)

    def _cut(self, one: Owned, chosen: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Cut the windows at the teacher's size, half of them mirrored, light changed a little."""
        draw = self._uniform(len(chosen), 3)
        boxes[:, 2] *= torch.where(draw[:, 0] < 0.5, -1.0, 1.0)
        pictures = one.data.pixels[chosen.to(self._device)]
        crops = cut(pictures, boxes.to(self._device), INPUT_SIZE)
        gain = (1 + 0.1 * (2 * draw[:, 1] - 1)).to(self._device).view(-1, 1, 1, 1)
        shift = (10 * (2 * draw[:, 2] - 1)).to(self._device).view(-1, 1, 1, 1)
        return (crops * gain + shift).clamp(0, 255)

    def _texts(self, one: Owned, chosen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not len(one.owners):
            return torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)
        first = torch.searchsorted(one.owners, chosen)
        after = torch.searchsorted(one.owners, chosen, right=True)
        text = first + (self._uniform(len(chosen)) * (after - first)).long()
        return one.first_text + text, one.groups[text]


def shrink(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return what the image tower sees: ``(n, 3, side, side)`` scaled to -1 to 1.

    Args:
        pixels: ``(n, 3, h, w)`` in 0 to 255.
        side: Height and width in pixels.
    """
    small = functional.interpolate(pixels.float(), [side, side], mode="bilinear", antialias=True)
    return (small / 127.5 - 1).contiguous(memory_format=torch.channels_last)
