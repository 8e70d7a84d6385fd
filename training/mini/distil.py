"""Training of the two towers on the joint space of their teachers, and on true pairs.

The image teacher looks once at several windows of every picture. A step takes windows at random,
jitters them, and asks the image tower for the teacher's features and for the row in the joint
space; the text tower learns the rows of the pictures' own texts and of made-up ones. Pictures
and their own texts also attract each other directly. No step runs a teacher.
"""

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from training.averaging import WeightAverage
from training.losses import feature_distillation, similarity_distillation, symmetric_infonce
from training.mini.card import write_card
from training.mini.material import (
    DataSet,
    ImageTeacher,
    cut,
    load_sets,
    make_pairs,
    own_texts,
    unit,
    whole,
)
from training.mini.measuring import measure
from training.mini.sentences import WIDTH as SENTENCE_WIDTH
from training.mini.sentences import Sentences
from training.mini.space import COLOUR_WIDTH, JointSpace, TextFeatures
from training.mini.teacher import FEATURE_WIDTH, Teacher, load_operations
from training.mini.towers import (
    IMAGE_SIZE,
    VOCABULARY,
    WIDTH,
    Students,
    make_towers,
    write_configs,
)
from training.mini.words import CONTEXT, PAD, made_up, train_tokenizer
from training.schedules import parameter_groups, warmup_cosine

_SCALE = 30.0
_WARMUP = 0.03


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of a run.

    Attributes:
        minutes: How long the towers train; the learning rate follows the clock.
        steps: How many steps instead; 0 lets ``minutes`` decide.
        windows: Windows of each photo that the teacher looks at, the whole picture included.
        side: Height and width of the crops in training, in pixels. Smaller than the side used
            later, since a crop shows things larger (Touvron et al. 2019).
        pictures: Pictures a step.
        texts: Made-up texts a step.
        tokens: Longer texts are cut in training, which then takes half the time.
        made_up: How many texts are made up in all.
        pairs_weight: The weight of the contrastive losses.
        image_rate: Peak learning rate of the image tower.
        text_rate: Peak learning rate of the text tower.
        weight_decay: Of the matrices.
        limit: Only so many pictures of each data set, to try things.
        hold_back: Whether the measuring sets stay out of training.
        measure_every: Seconds between measurements, each of which also writes the model.
        seed: Of everything random.
    """

    minutes: float = 60.0
    steps: int = 0
    windows: int = 2
    side: int = 128
    pictures: int = 256
    texts: int = 128
    tokens: int = 18
    made_up: int = 100_000
    pairs_weight: float = 0.3
    image_rate: float = 1.5e-3
    text_rate: float = 1e-3
    weight_decay: float = 0.05
    limit: int | None = None
    hold_back: bool = True
    measure_every: float = 600.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the teacher saw of a data set: ``windows`` rows a picture, picture by picture."""

    boxes: torch.Tensor
    features: torch.Tensor
    chances: torch.Tensor


@dataclass(frozen=True, slots=True)
class _Learned:
    """A data set as the steps use it."""

    data: DataSet
    boxes: torch.Tensor
    roots: torch.Tensor
    targets: torch.Tensor
    windows: int
    first_text: int
    owners: torch.Tensor
    groups: torch.Tensor


class Distillation:
    """Everything a run holds, on one device."""

    def __init__(self, packed: Path, out: Path, recipe: Recipe, device: torch.device) -> None:
        """Load the packed material, let the teachers look at it and fit the joint space."""
        self._recipe, self._device, self._out = recipe, device, out
        self._started = time.perf_counter()
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self._choices = torch.Generator().manual_seed(recipe.seed)
        limit, keep = recipe.limit, recipe.hold_back
        self._sets, self._measured = load_sets(packed, device, limit=limit, hold_back=keep)
        self._log({"pictures": [len(one.pixels) for one in self._sets]})
        self._sentences = Sentences(packed, device)
        seen = self._look(packed)
        space = self._fit_space(seen)
        self._prepare(seen, space)

    def _log(self, facts: dict[str, Any]) -> None:
        line = json.dumps({"at_s": round(time.perf_counter() - self._started, 1), **facts})
        print(line, flush=True)  # noqa: T201 - the run's log
        with (self._out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def _look(self, packed: Path) -> list[_Seen]:
        """Let the image teacher look at windows of every picture, or read what it saw before."""
        sizes = [len(one.pixels) for one in self._sets]
        kept = self._out / "seen.pt"
        if kept.exists():
            known = torch.load(kept, map_location=self._device)
            if known["sizes"] == sizes:
                return [_Seen(*each) for each in known["seen"]]
        teacher = ImageTeacher(Teacher(load_operations(packed / "teacher.npz")), self._device)
        seen = []
        for one in self._sets:
            windows = self._windows(one)
            boxes = torch.stack(
                [whole(len(one.pixels))] + [self._some_boxes(one) for _ in range(windows - 1)], 1
            )
            each = [teacher.look(one.pixels, boxes[:, at]) for at in range(windows)]
            rows = torch.stack([features for features, _ in each], 1)
            seen.append(_Seen(boxes.to(self._device), rows, each[0][1]))
            self._log({"seen": one.name})
        torch.save({"sizes": sizes, "seen": [(s.boxes, s.features, s.chances) for s in seen]}, kept)
        return seen

    def _windows(self, one: DataSet) -> int:
        return 1 if one.name == "fashion" else self._recipe.windows  # thumbnails of one thing

    def _some_boxes(self, one: DataSet) -> torch.Tensor:
        draw = torch.rand((len(one.pixels), 4), generator=self._choices)
        area = 0.2 + 0.5 * draw[:, 0]
        ratio = torch.exp((2 * draw[:, 1] - 1) * math.log(4 / 3))
        width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
        return torch.stack([draw[:, 2] * (1 - width), draw[:, 3] * (1 - height), width, height], 1)

    def _fit_space(self, seen: Sequence[_Seen]) -> JointSpace:
        texts = [text for one in self._sets for text in own_texts(one, 3, 0)[0]]
        self._text_features = TextFeatures(texts, min(500, len(texts) // 4), self._device)
        width = self._text_features([texts[0]], self._sentences.encode([texts[0]])).shape[1]
        pairs = make_pairs(
            self._sets,
            [one.features[:, 0].float() for one in seen],
            [one.chances.float() for one in seen],
            self._sentences,
            self._text_features,
        )
        space = JointSpace(FEATURE_WIDTH + COLOUR_WIDTH, width, WIDTH).to(self._device)
        space.fit(pairs, image_ridge=1.0, text_ridge=0.1)
        self._log({"pairs": {one.name: len(one.texts) for one in pairs}})
        space.refine(pairs, steps=80, batch=1024, rate=1e-3, dropout=0.4)
        self._log({"space": "fitted"})
        return space.requires_grad_(requires_grad=False)

    def _targets(
        self, space: JointSpace, texts: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        sentences = self._sentences.encode(texts)
        with torch.no_grad():
            return sentences, space.embed_texts(self._text_features(texts, sentences))

    def _prepare(self, seen: Sequence[_Seen], space: JointSpace) -> None:
        recipe = self._recipe
        own = [own_texts(one, 5, 1) for one in self._sets]
        words = self._sentences.words
        mine = [text for texts, _ in own for text in texts]
        made = made_up(own[0][0], mine[len(own[0][0]) :], words, count=recipe.made_up, seed=0)
        train_tokenizer(mine, words, VOCABULARY, self._out)
        self._tokenizer = _tokenizer(self._out)
        texts = [*mine, *words, *made]
        self._tokens = self._tokenise(texts)
        sentences, targets = self._targets(space, texts)
        self._text_sentences, self._text_targets = sentences, targets.half()
        self._own_texts, self._space = len(mine), space
        self._learned, start = [], 0
        for one, saw, (texts_here, owners) in zip(self._sets, seen, own, strict=True):
            numbers: dict[str, int] = {}
            groups = [numbers.setdefault(text.lower(), len(numbers)) for text in texts_here]
            rows = saw.features.flatten(0, 1)
            self._learned.append(
                _Learned(
                    one,
                    saw.boxes.flatten(0, 1),
                    rows[:, :FEATURE_WIDTH].contiguous(),
                    torch.cat(
                        [space.embed_images(part.float()) for part in torch.split(rows, 4096)]
                    ),
                    saw.boxes.shape[1],
                    start,
                    torch.tensor(owners),
                    torch.tensor(groups),
                )
            )
            start += len(texts_here)
        self._log({"texts": len(texts), "vocabulary": self._tokenizer.get_vocab_size()})

    def _tokenise(self, texts: Sequence[str]) -> torch.Tensor:
        encoded = self._tokenizer.encode_batch(list(texts))
        return torch.tensor([one.ids for one in encoded], dtype=torch.int16, device=self._device)

    def train(self) -> None:
        """Train the towers and write them: safetensors in float16, configs and tokenizer."""
        recipe = self._recipe
        self._students = Students(make_towers(), FEATURE_WIDTH, SENTENCE_WIDTH).to(self._device)
        self._begin_with_words()
        self._students.towers.visual.to(memory_format=torch.channels_last)
        self._scale = nn.Parameter(torch.tensor(math.log(20.0), device=self._device))
        optimiser = self._optimiser()
        rates = [group["lr"] for group in optimiser.param_groups]
        self._average = WeightAverage(self._students, 0.998)
        began = measured_at = time.perf_counter()
        step, progress = 0, 0.0
        while progress < 1.0:
            beat = warmup_cosine(int(progress * 10_000), total=10_000, warmup=int(_WARMUP * 10_000))
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * beat
            losses = self._step()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward([torch.stack(list(losses.values())).sum()])
            nn.utils.clip_grad_norm_(self._students.parameters(), 5.0)
            optimiser.step()
            self._average.update(self._students)
            step += 1
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
        names = self._tokenizer.get_vocab()
        tokens = sorted(names, key=names.__getitem__)
        rows = self._targets(self._space, [one.removeprefix("##") for one in tokens])[1]
        text = self._students.towers.text
        text.token_embedding.weight[: len(rows)].copy_(0.6 * rows)
        text.text_projection.copy_(torch.eye(WIDTH, device=self._device))

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

    def _step(self) -> dict[str, torch.Tensor]:
        self._students.train()
        chosen = [self._choose(one) for one in self._learned]
        crops = torch.cat([self._crops(one, at) for one, (at, _, _) in self._with(chosen)])
        roots = torch.cat([one.roots[at] for one, (at, _, _) in self._with(chosen)])
        targets = torch.cat([one.targets[at] for one, (at, _, _) in self._with(chosen)])
        made = torch.randint(
            self._own_texts, len(self._tokens), (self._recipe.texts,), generator=self._choices
        )
        asked = torch.cat([*(texts for _, texts, _ in chosen), made]).to(self._device)
        with self._autocast():
            rows, features = self._students.images(crops)
            texts, sentences = self._students.texts(self._shortest(asked))
        rows, texts = unit(rows), unit(texts)
        text_targets = self._text_targets[asked].float()
        drawn = torch.randint(self._own_texts, (1024,), generator=self._choices)
        anchors = self._text_targets[drawn.to(self._device)].float()
        wanted = _SCALE * targets @ anchors.T
        return {
            "features": feature_distillation(features.float(), roots.float()),
            "pictures": 2 * feature_distillation(rows, targets),
            "picture ranks": 0.5 * similarity_distillation(_SCALE * rows @ anchors.T, wanted),
            "sentences": feature_distillation(
                sentences.float(), self._text_sentences[asked].float()
            ),
            "texts": 2 * feature_distillation(texts, text_targets),
            "text ranks": 0.5
            * similarity_distillation(
                _SCALE * texts @ targets.T, _SCALE * text_targets @ targets.T
            ),
            "contrast": self._recipe.pairs_weight * self._contrast(chosen, rows, texts),
        }

    def _with(self, chosen: list[Any]) -> list[tuple[_Learned, Any]]:
        return list(zip(self._learned, chosen, strict=True))

    def _choose(self, one: _Learned) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Choose windows, no picture twice, and a text for each picture that has one.

        Returns:
            Positions among the windows, among all texts, and the texts' groups.
        """
        count = min(int(self._recipe.pictures * one.data.share), len(one.data.pixels))
        pictures = torch.randperm(len(one.data.pixels), generator=self._choices)[:count]
        # half of the time the whole picture, else any window
        window = torch.randint(one.windows, (count,), generator=self._choices)
        window[torch.rand(count, generator=self._choices) < 0.5] = 0
        at = (pictures * one.windows + window).to(self._device)
        if not len(one.owners):
            return at, torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)
        first = torch.searchsorted(one.owners, pictures)
        after = torch.searchsorted(one.owners, pictures, right=True)
        text = first + (torch.rand(count, generator=self._choices) * (after - first)).long()
        return at, one.first_text + text, one.groups[text]

    def _contrast(self, chosen: list[Any], rows: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        scale = self._scale.exp().clamp(1, 100)
        losses, row, text = [], 0, 0
        for at, own, groups in chosen:
            if len(own):
                # a small window need not show what the caption says
                losses.append(
                    symmetric_infonce(
                        rows[row : row + len(at)],
                        texts[text : text + len(own)],
                        scale,
                        texts=groups.to(self._device),
                    )
                )
            row, text = row + len(at), text + len(own)
        return torch.stack(losses).sum()

    def _shortest(self, asked: torch.Tensor) -> torch.Tensor:
        """Return tokens without padding, and no longer than training affords."""
        tokens = self._tokens[asked].long()
        ends = tokens.argmax(1)
        length = min(int(ends.max()) + 1, self._recipe.tokens)
        short = tokens[:, :length].clone()
        short[ends >= length, length - 1] = tokens.max()  # the end token
        return short

    def _crops(self, one: _Learned, at: torch.Tensor) -> torch.Tensor:
        """Cut windows, jittered a little; mirror half; change light and colour a little."""
        count = len(at)
        boxes = one.boxes[at]
        draw = torch.rand((count, 8), generator=self._choices).to(self._device)
        zoom = 0.75 + 0.25 * draw[:, :2]
        size = boxes[:, 2:] * zoom
        place = boxes[:, :2] + (boxes[:, 2:] - size) * draw[:, 2:4]
        size = size * torch.stack(
            [torch.where(draw[:, 4] < 0.5, -1.0, 1.0), torch.ones_like(draw[:, 4])], 1
        )
        pictures = one.data.pixels[torch.div(at, one.windows, rounding_mode="floor")]
        crops = cut(pictures, torch.cat([place, size], 1), self._recipe.side)
        gain = 1 + 0.15 * (2 * draw[:, 5] - 1).view(-1, 1, 1, 1)
        shift = 15 * (2 * draw[:, 6] - 1).view(-1, 1, 1, 1)
        seen = (crops * gain + shift).clamp(0, 255) / 127.5 - 1
        return seen.contiguous(memory_format=torch.channels_last)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16)

    def _report(self, step: int, losses: dict[str, torch.Tensor]) -> dict[str, float]:
        facts: dict[str, Any] = {"step": step}
        facts["losses"] = {name: round(loss.item(), 4) for name, loss in losses.items()}
        facts["scale"] = round(self._scale.exp().item(), 1)
        found: dict[str, float] = {}
        if self._recipe.hold_back:
            students = self._averaged()
            found = measure(
                self._measured,
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
            small = functional.interpolate(
                part.float(), [IMAGE_SIZE, IMAGE_SIZE], mode="bilinear", antialias=True
            )
            seen = (small / 127.5 - 1).contiguous(memory_format=torch.channels_last)
            with self._autocast():
                rows.append(students.images(seen)[0].float())
        return torch.cat(rows)

    @torch.no_grad()
    def _embed_texts(self, students: Students, texts: Sequence[str]) -> torch.Tensor:
        rows = []
        for part in torch.split(self._tokenise(texts).long(), 1024):
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
            "products": len(self._sets[1].pixels),
        }
        write_card(self._out / "README.md", said, found)


def _name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU cores"


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(CONTEXT)
    tokenizer.enable_padding(length=CONTEXT, pad_id=0, pad_token=PAD)
    return tokenizer
