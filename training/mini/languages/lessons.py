"""Training of the rows of new tokens; everything else of the text tower stays as it is."""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from binocle.types import Float32Array

_SCALE = 25.0
_LONGEST = 24  # tokens
_WARMUP = 20  # steps
_LEAST = 0.02  # of the learning rate, at the end
_MISTAKES = 0.08  # share of texts of which a token is left out
_SORTED = 20  # batches that are sorted by length together
_LOG_EVERY = 10


@dataclass(frozen=True, slots=True)
class LessonSet:
    """Texts of one kind.

    Attributes:
        share: The part of the steps that draws from here.
        tokens: Of each text, without start and end.
        pictures: ``(n,)`` int64 each text's picture; None where it has none.
        meant: ``(n, d)`` the row each text should have, where it has no picture.
    """

    share: float
    tokens: list[list[int]]
    pictures: npt.NDArray[np.int64] | None
    meant: Float32Array | None


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the rows learn from.

    Attributes:
        sets: The texts.
        pixels: ``(p, d)`` rows of the pictures.
        targets: ``(p, d)`` what a caption of each should be.
        shared: ``(n,)`` the token whose row each token uses.
        free: ``(n,)`` bool, which rows may change.
        batch: Texts a step.
        rate: Peak learning rate.
        seed: Of everything random.
    """

    sets: list[LessonSet]
    pixels: Float32Array
    targets: Float32Array
    shared: npt.NDArray[np.int64]
    free: npt.NDArray[np.bool_]
    batch: int
    rate: float
    seed: int


def learn_rows(
    state: dict[str, torch.Tensor],
    rows: Float32Array,
    lessons: Lessons,
    minutes: float,
    log: Callable[[dict[str, Any]], None],
) -> Float32Array:
    """Train rows of tokens and return them.

    Args:
        state: The text tower's weights.
        rows: ``(n, w)`` to begin with.
        lessons: What to learn from.
        minutes: How long; the learning rate follows the clock.
        log: Takes facts as they are known.
    """
    rng = random.Random(lessons.seed)
    tower = FrozenTower(state, len(rows))
    words = _embedding(torch.from_numpy(rows.copy()), freeze=False, sparse=True)
    optimiser: Any = torch.optim.SparseAdam(
        list(words.parameters()), lr=lessons.rate, betas=(0.9, 0.99)
    )
    queues = [_endless(one, lessons.batch, rng) for one in lessons.sets]
    shares = [one.share for one in lessons.sets]
    pixels = torch.from_numpy(lessons.pixels)
    began, step, progress = time.perf_counter(), 0, 0.0
    while progress < 1.0:
        beat = max(_LEAST, 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimiser.param_groups:
            group["lr"] = lessons.rate * beat * min(1.0, (step + 1) / _WARMUP)
        which = rng.choices(range(len(queues)), shares)[0]
        loss = _loss(tower, words, lessons, lessons.sets[which], next(queues[which]), pixels, rng)
        optimiser.zero_grad()
        torch.autograd.backward([loss])
        optimiser.step()
        step += 1
        progress = (time.perf_counter() - began) / 60 / minutes
        if step % _LOG_EVERY == 0 or progress >= 1.0:
            log({"lesson": step, "loss": round(loss.item(), 4)})
    learned: Float32Array = words.weight.detach().numpy()[lessons.shared]
    return learned


def _embedding(rows: torch.Tensor, **more: bool) -> nn.Embedding:
    make: Any = nn.Embedding.from_pretrained
    made: nn.Embedding = make(rows, **more)
    return made


def _loss(tower: "FrozenTower", words: nn.Embedding, lessons: Lessons, texts: LessonSet,
          chosen: list[int], pixels: torch.Tensor, rng: random.Random) -> torch.Tensor:  # fmt: skip
    asked = [_with_mistakes(texts.tokens[one], rng) for one in chosen]
    tokens, ends = tower.frame(asked)
    own = torch.from_numpy(lessons.shared)[tokens]
    free = torch.from_numpy(lessons.free)[own].unsqueeze(2)
    states = words(own)
    rows = functional.normalize(tower(torch.where(free, states, states.detach()), ends), dim=1)
    if texts.pictures is None:
        assert texts.meant is not None
        return 6 * (1 - (rows * torch.from_numpy(texts.meant[chosen])).sum(1)).mean()
    pictures = texts.pictures[chosen]
    targets = torch.from_numpy(lessons.targets[pictures])
    # half of it says "this picture", half "pictures as near as the target is to them"
    wanted = 0.5 * torch.softmax(_SCALE * targets @ pixels.T, 1)
    wanted[torch.arange(len(chosen)), torch.from_numpy(pictures)] += 0.5
    guessed = torch.log_softmax(_SCALE * rows @ pixels.T, 1)
    return 4 * (1 - (rows * targets).sum(1)).mean() - 0.3 * (wanted * guessed).sum(1).mean()


def _with_mistakes(tokens: list[int], rng: random.Random) -> list[int]:
    kept = list(tokens)
    if len(kept) > 3 and rng.random() < _MISTAKES:
        del kept[rng.randrange(len(kept))]
    return kept[:_LONGEST]


def _endless(texts: LessonSet, batch: int, rng: random.Random) -> Iterator[list[int]]:
    """Draw batches of texts about as long as each other, each text once before any comes again."""
    while True:
        order = list(range(len(texts.tokens)))
        rng.shuffle(order)
        batches = []
        for start in range(0, len(order), batch * _SORTED):
            near = sorted(
                order[start : start + batch * _SORTED], key=lambda one: len(texts.tokens[one])
            )
            batches += [near[at : at + batch] for at in range(0, len(near), batch)]
        rng.shuffle(batches)
        yield from batches


class FrozenTower(nn.Module):
    """A text tower that takes the rows of tokens and does not change."""

    def __init__(self, state: dict[str, torch.Tensor], size: int) -> None:
        """Load it.

        Args:
            state: Weights of the whole model.
            size: Of the vocabulary; start and end are its last tokens.
        """
        from training.mini.towers import make_towers

        super().__init__()
        towers = make_towers()
        prefix = "text."
        own = {
            name.removeprefix(prefix): one for name, one in state.items() if name.startswith(prefix)
        }
        words = own.pop("token_embedding.weight")
        text = towers.text
        text.token_embedding = _embedding(words)
        text.load_state_dict({**own, "token_embedding.weight": words}, strict=False)
        self._text = text.requires_grad_(requires_grad=False).eval()
        self._start, self._end = size - 2, size - 1

    def frame(self, texts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``(n, length)`` tokens between start and end, and where each text ends."""
        length = max(map(len, texts)) + 2
        framed = [[self._start, *one, self._end, *[0] * (length - len(one) - 2)] for one in texts]
        return torch.tensor(framed), torch.tensor([len(one) + 1 for one in texts])

    def forward(self, states: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        """Return ``(n, d)`` rows, not scaled to length 1."""
        text, length = self._text, states.shape[1]
        states = states + text.positional_embedding[:length]
        states = text.transformer(states, attn_mask=text.attn_mask[:length, :length])
        pooled = text.ln_final(states)[torch.arange(len(ends)), ends]
        rows: torch.Tensor = pooled @ text.text_projection
        return rows
