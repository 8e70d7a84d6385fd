"""Which pictures with which of their texts are contrasted in which step.

Everything here is a function of the seed and the number of the step, so that a run can go on at
any step as if it had never stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from binocle.types import ImageSpec
from training.augmentation import Crops, mentions_sides, random_crops, render
from training.pictures import TrainingPictures
from training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs to contrast: no picture twice.

    Attributes:
        pixels: (n, h, w, 3) uint8, squashed as they are kept.
        crops: What is seen of each.
        tokens: (n, context) int64.
        texts: The texts themselves.
        text_ids: (n,) int64; equal numbers for equal texts.
    """

    pixels: Tensor
    crops: Crops
    tokens: Tensor
    texts: tuple[str, ...]
    text_ids: Tensor

    def __len__(self) -> int:
        return len(self.texts)

    def cut(self, spec: ImageSpec, device: torch.device) -> Tensor:
        """Return (n, 3, height, width) uint8 crops for a model."""
        return render(
            self.pixels.to(device), self.crops, height=spec.height, width=spec.width, fill=spec.fill
        )


class Batches:
    """The batches of a run, by number."""

    def __init__(
        self,
        pictures: TrainingPictures,
        places: Sequence[int],
        recipe: Recipe,
        *,
        spec: ImageSpec,
        tokenize: Callable[[Sequence[str]], Tensor],
    ) -> None:
        """Set up.

        Args:
            pictures: Squashed to one size; their pixels may lie on disk.
            places: Which of them to use.
            recipe: Size of the batches, seed, crops and flips.
            spec: What the model sees.
            tokenize: From texts to (n, context) int64.
        """
        self._pictures = pictures
        self._recipe = recipe
        self._spec = spec
        self._places = np.array(places)
        self._texts = [pictures.texts(place) for place in places]
        self._tokens = [tokenize(own) for own in self._texts]
        self.per_epoch = -(-len(places) // recipe.batch)
        distinct = dict.fromkeys(_plain(one) for own in self._texts for one in own)
        self._text_ids = {text: number for number, text in enumerate(distinct)}
        rng = np.random.default_rng([recipe.seed, 0])
        self._first_text = rng.integers(0, 2**31, len(places))

    def at(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0 through all epochs.

        Within an epoch every picture comes once, in batches of nearly equal size; in the next
        epoch each comes with its next text.
        """
        epoch, number = divmod(step, self.per_epoch)
        order = np.random.default_rng([self._recipe.seed, 1, epoch]).permutation(len(self._places))
        chosen = np.sort(np.array_split(order, self.per_epoch)[number])
        turns = [(self._first_text[one] + epoch) % len(self._texts[one]) for one in chosen]
        texts = tuple(self._texts[one][turn] for one, turn in zip(chosen, turns, strict=True))
        may_flip = [self._recipe.flip and not mentions_sides(text) for text in texts]
        generator = torch.Generator().manual_seed(self._recipe.seed * 1_000_003 + step)
        places = self._places[chosen]
        crops = random_crops(
            torch.from_numpy(self._pictures.ratios[places]),
            torch.tensor(may_flip),
            spec=self._spec,
            least_area=self._recipe.min_crop,
            generator=generator,
        )
        tokens = [self._tokens[one][turn] for one, turn in zip(chosen, turns, strict=True)]
        return Batch(
            torch.from_numpy(np.ascontiguousarray(self._pictures.pixels[places])),
            crops,
            torch.stack(tokens),
            texts,
            torch.tensor([self._text_ids[_plain(text)] for text in texts]),
        )


def _plain(text: str) -> str:
    """Two texts that differ in case and spaces only are one."""
    return " ".join(text.casefold().split())
