"""Training of the two towers on the joint space of their teachers, and on true pairs.

A step cuts windows out of pictures at random. The image teacher looks at the very same windows;
the image tower learns its features and their row in the joint space. The text tower learns the
rows of the pictures' own texts and of made-up ones. Later in the run, pictures and their own
texts also attract each other directly.
"""

import copy
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from binocle.encoders.int8_weights import WEIGHTS, pack
from binocle.encoders.two_towers import choose_precision
from training.averaging import WeightAverage
from training.losses.contrastive import (
    feature_distillation,
    similarity_distillation,
    symmetric_infonce,
)
from training.mini.crops import shrink
from training.mini.dataset import unit
from training.mini.material import Material
from training.mini.model_card import write_card
from training.mini.recipe import Log, MiniRecipe
from training.mini.sentences import WIDTH as SENTENCE_WIDTH
from training.mini.teacher import FEATURE_WIDTH
from training.mini.tokenizer import CONTEXT
from training.mini.towers import IMAGE_SIZE, WIDTH, Students, make_towers, write_configs
from training.mini.validation import measure
from training.schedules import parameter_groups, warmup_cosine

_SCALE = 30.0
_WARMUP = 0.03
_AVERAGE_EVERY = 4
_TEXT_PULL = 0.25  # how much pairs may bend the text tower, which other texts also rely on


class Distillation:
    """Everything a run holds, on one device."""

    def __init__(self, packed: Path, out: Path, recipe: MiniRecipe, device: torch.device) -> None:
        """Load the packed material, let the teachers look at it and fit the joint space."""
        self._recipe, self._device, self._out = recipe, device, out
        self._log = Log(out)
        torch.manual_seed(recipe.seed)
        self._choices = torch.Generator().manual_seed(recipe.seed)
        self._material = Material(packed, out, recipe, device, choices=self._choices, log=self._log)

    def begin(self) -> None:
        """Make the towers and what trains them."""
        self._students = Students(make_towers(), FEATURE_WIDTH, SENTENCE_WIDTH).to(self._device)
        self._begin_with_words()
        self._students.towers.visual.to(memory_format=torch.channels_last)
        self._images: Callable[..., Any] = self._students.images
        if self._recipe.compiled:
            self._images = torch.compile(self._students.images, dynamic=False)
        self._scale = nn.Parameter(torch.tensor(math.log(20.0), device=self._device))
        self._average = WeightAverage(self._students, self._recipe.average**_AVERAGE_EVERY)

    def train(self) -> None:
        """Train the towers and write them: safetensors, configs and tokenizer."""
        recipe = self._recipe
        optimiser = self._optimiser()
        rates = [group["lr"] for group in optimiser.param_groups]
        began = measured_at = time.perf_counter()
        step, progress = 0, 0.0
        while progress < 1.0:
            beat = warmup_cosine(int(progress * 10_000), total=10_000, warmup=int(_WARMUP * 10_000))
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * beat
            losses = self.losses(progress)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward([torch.stack(list(losses.values())).sum()])
            nn.utils.clip_grad_norm_(self._students.parameters(), 5.0)
            optimiser.step()
            step += 1
            if step % _AVERAGE_EVERY == 0:
                self._average.update(self._students)
            now = time.perf_counter()
            progress = step / recipe.steps if recipe.steps else (now - began) / 60 / recipe.minutes
            if now - measured_at > recipe.measure_every or progress >= 1.0:
                found = self._report(step, losses)
                self._save(step, (now - began) / 60, found)
                measured_at = time.perf_counter()

    @torch.no_grad()
    def _begin_with_words(self) -> None:
        """Begin with each token's own row of the joint space as its embedding.

        What a text means is mostly what its words mean; the transformer then learns the rest.
        """
        names = self._material.tokenizer.get_vocab()
        tokens = sorted(names, key=names.__getitem__)
        rows = self._material.targets([one.removeprefix("##") for one in tokens])[1]
        text = self._students.towers.text
        text.token_embedding.weight[: len(rows), :WIDTH].copy_(0.6 * rows)
        text.text_projection.copy_(torch.eye(text.text_projection.shape[0], WIDTH))

    def _optimiser(self) -> torch.optim.Optimizer:
        recipe = self._recipe
        towers = self._students.towers
        image = nn.ModuleList([towers.visual, self._students.to_features])
        text = nn.ModuleList([towers.text, self._students.to_sentences])
        decay = recipe.weight_decay
        groups: list[dict[str, Any]] = [
            *({**group, "lr": recipe.image_rate} for group in parameter_groups(image, decay)),
            *({**group, "lr": recipe.text_rate} for group in parameter_groups(text, decay)),
            {"params": [self._scale], "lr": 1e-3, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)

    def losses(self, progress: float) -> dict[str, torch.Tensor]:
        """Draw a batch and return its losses by name, weighted.

        Args:
            progress: How far the run is, 0 to 1.
        """
        self._students.train()
        recipe = self._recipe
        paired, own = self._material.crops.pairs(recipe.pictures)
        crops = torch.cat([paired, self._material.crops.windows(recipe.crops)])
        roots, both, _ = self._material.teacher(crops)
        targets = self._material.space.embed_images(both)
        asked = torch.cat([*(texts for texts, _ in own), self._made_up()]).to(self._device)
        with self._autocast():
            rows, features = self._images(shrink(crops, recipe.side))
            texts, sentences = self._students.texts(self._shortest(asked))
        rows, texts = unit(rows), unit(texts)
        text_targets = self._material.text_targets[asked].float()
        drawn = torch.randint(self._material.own_texts, (1024,), generator=self._choices)
        anchors = self._material.text_targets[drawn.to(self._device)].float()
        wanted = _SCALE * targets @ anchors.T
        losses = {
            "features": feature_distillation(features.float(), roots.float()),
            "pictures": 2 * feature_distillation(rows, targets),
            "picture ranks": 0.5 * similarity_distillation(_SCALE * rows @ anchors.T, wanted),
            "sentences": feature_distillation(
                sentences.float(), self._material.text_sentences[asked].float()
            ),
            "texts": 2 * feature_distillation(texts, text_targets),
            "text ranks": 0.5
            * similarity_distillation(
                _SCALE * texts @ targets.T, _SCALE * text_targets @ targets.T
            ),
        }
        strength = max(0.0, progress - recipe.pairs_from) / (1 - recipe.pairs_from)
        if strength > 0:
            losses["contrast"] = recipe.pairs_weight * strength * self._contrast(own, rows, texts)
        return losses

    def _made_up(self) -> torch.Tensor:
        """Draw texts that belong to no picture."""
        first, end = self._material.own_texts, len(self._material.tokens)
        return torch.randint(first, end, (self._recipe.texts,), generator=self._choices)

    def _contrast(
        self, own: list[tuple[torch.Tensor, torch.Tensor]], rows: torch.Tensor, texts: torch.Tensor
    ) -> torch.Tensor:
        """Return the symmetric InfoNCE of each data set's pictures and texts, added up."""
        scale = self._scale.exp().clamp(1, 100)
        texts = torch.lerp(texts.detach(), texts, _TEXT_PULL)
        losses, row, text = [], 0, 0
        for count, (numbers, groups) in zip(self._counts(own), own, strict=True):
            if len(numbers):
                losses.append(
                    symmetric_infonce(
                        rows[row : row + count],
                        texts[text : text + len(numbers)],
                        scale,
                        texts=groups.to(self._device),
                    )
                )
            row, text = row + count, text + len(numbers)
        return torch.stack(losses).sum()

    def _counts(self, own: Sequence[object]) -> list[int]:
        """Return how many pictures of a step with texts come from each data set."""
        wanted = [int(self._recipe.pictures * one.share) for one in self._material.sets]
        sizes = [len(one.pixels) for one in self._material.sets]
        assert len(own) == len(wanted)
        return [min(pair) for pair in zip(wanted, sizes, strict=True)]

    def _shortest(self, asked: torch.Tensor) -> torch.Tensor:
        """Return tokens without padding, and no longer than training affords."""
        tokens = self._material.tokens[asked].long()
        ends = tokens.argmax(1)
        length = min(int(ends.max()) + 1, self._recipe.tokens)
        short = tokens[:, :length].clone()
        short[ends >= length, length - 1] = tokens.max()  # the end token
        return short

    def _autocast(self) -> torch.autocast:
        """Compute in bfloat16 where the device is fast at it; others emulate it, slowly."""
        is_fast = choose_precision("auto", self._device) == "bfloat16"
        return torch.autocast(self._device.type, torch.bfloat16, enabled=is_fast)

    def _report(self, step: int, losses: dict[str, torch.Tensor]) -> dict[str, float]:
        facts: dict[str, Any] = {"step": step}
        facts["losses"] = {name: round(loss.item(), 4) for name, loss in losses.items()}
        facts["scale"] = round(self._scale.exp().item(), 1)
        found: dict[str, float] = {}
        if self._recipe.hold_back:
            students = self._averaged()
            found = measure(
                self._material.measured,
                lambda pixels: self._embed_images(students, pixels),
                lambda texts: self._embed_texts(students, texts),
            )
            facts["averaged"] = {name: round(value, 1) for name, value in found.items()}
        self._log(facts)
        return found

    def _averaged(self) -> Students:
        students = copy.deepcopy(self._students)
        self._average.copy_to(students)
        return students.eval()

    @torch.no_grad()
    def _embed_images(self, students: Students, pixels: torch.Tensor) -> torch.Tensor:
        rows = []
        for part in torch.split(pixels, 256):
            with self._autocast():
                rows.append(students.images(shrink(part, IMAGE_SIZE))[0].float())
        return torch.cat(rows)

    @torch.no_grad()
    def _embed_texts(self, students: Students, texts: Sequence[str]) -> torch.Tensor:
        rows = []
        for part in torch.split(self._material.tokenise(texts).long(), 1024):
            with self._autocast():
                rows.append(students.texts(part)[0].float())
        return torch.cat(rows)

    def _save(self, step: int, minutes: float, found: dict[str, float]) -> None:
        from safetensors.torch import save_file

        towers = self._averaged().towers
        state = towers.state_dict()
        halves = {
            name: (one.half() if one.is_floating_point() else one).cpu().contiguous()
            for name, one in state.items()
        }
        save_file(halves, self._out / "open_clip_model.safetensors")
        save_file(pack(state), self._out / WEIGHTS)
        write_configs(self._out)
        facts = {**asdict(self._recipe), "steps": step, "device": _name_of(self._device)}
        (self._out / "recipe.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        said = {
            **facts,
            "minutes": minutes,
            "image": sum(one.numel() for one in towers.visual.parameters()) / 1e6,
            "text": sum(one.numel() for one in towers.text.parameters()) / 1e6,
            "side": IMAGE_SIZE,
            "context": CONTEXT,
            "width": WIDTH,
            "products": len(self._material.sets[1].pixels),
        }
        write_card(self._out / "README.md", said, found)


def _name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU cores"
