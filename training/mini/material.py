"""What the towers of ``mini`` learn from, made ready: pictures, texts and the teachers' targets."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from training.mini.crops import Owned, TeacherCrops
from training.mini.dataset import (
    DataSet,
    ImageTeacher,
    group_numbers,
    load_sets,
    make_pairs,
    own_texts,
    whole,
)
from training.mini.recipe import MiniRecipe
from training.mini.sentences import Sentences
from training.mini.teacher import FEATURE_WIDTH, Teacher, load_operations
from training.mini.teacher_space import COLOUR_WIDTH, JointSpace, TextFeatures, smooth
from training.mini.tokenizer import CONTEXT, PAD, made_up, train_tokenizer
from training.mini.towers import VOCABULARY, WIDTH

_SHORT = 4  # words; shorter texts take after their neighbours


class Material:
    """The material of a run, on one device.

    Attributes:
        sets: The data sets to learn from.
        measured: Those to measure on.
        teacher: Looks at windows of pictures.
        space: The joint space of the teachers, fitted.
        tokenizer: Learned on the texts, and written into the run's folder.
        tokens: ``(n, CONTEXT)`` of all texts: the pictures' own, words, made-up ones.
        own_texts: How many of them are the pictures' own.
        text_sentences: ``(n, s)`` the sentence teacher's rows of the texts.
        text_targets: ``(n, d)`` their rows in the joint space, float16.
        crops: Draws windows of pictures.
    """

    def __init__(
        self,
        packed: Path,
        out: Path,
        recipe: MiniRecipe,
        device: torch.device,
        *,
        choices: torch.Generator,
        log: Callable[[dict[str, Any]], None],
    ) -> None:
        """Load what is packed, let the teachers look at it, fit the joint space.

        Args:
            packed: The folder of pictures, texts and teachers.
            out: The run's folder.
            recipe: How to train.
            device: Where to compute.
            choices: Draws windows.
            log: Takes facts as they are known.
        """
        self._device, self._log = device, log
        limit, keep = recipe.limit, recipe.hold_back
        self.sets, self.measured = load_sets(packed, device, limit=limit, hold_back=keep)
        log({"pictures": [len(one.pixels) for one in self.sets]})
        self._sentences = Sentences(packed, device)
        self.teacher = ImageTeacher(Teacher(load_operations(packed / "teacher.npz")), device)
        self.space = self._fit_space()
        self._prepare(out, recipe.made_up, choices)

    def _fit_space(self) -> JointSpace:
        seen = [self.teacher.look(one.pixels, whole(len(one.pixels))) for one in self.sets]
        texts = [text for one in self.sets for text in own_texts(one, 3, 0)[0]]
        self._text_features = TextFeatures(texts, min(500, len(texts) // 4), self._device)
        width = self._text_features([texts[0]], self._sentences.encode([texts[0]])).shape[1]
        pairs = make_pairs(
            self.sets,
            [features.float() for features, _ in seen],
            [chances.float() for _, chances in seen],
            self._sentences,
            self._text_features,
        )
        space = JointSpace(FEATURE_WIDTH + COLOUR_WIDTH, width, WIDTH).to(self._device)
        space.fit(pairs, image_ridge=1.0, text_ridge=0.1)
        self._log({"pairs": {one.name: len(one.texts) for one in pairs}})
        space.refine(pairs, steps=200, batch=1024, rate=1e-3, dropout=0.4)
        self._log({"space": "fitted"})
        return space.requires_grad_(requires_grad=False)

    def targets(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sentence teacher's rows of texts, and their rows in the joint space."""
        sentences = self._sentences.encode(texts)
        with torch.no_grad():
            return sentences, self.space.embed_texts(self._text_features(texts, sentences))

    def _prepare(self, out: Path, made_up_texts: int, choices: torch.Generator) -> None:
        own = [own_texts(one, 5, 1) for one in self.sets]
        words = self._sentences.words
        mine = [text for texts, _ in own for text in texts]
        captions, others = own[0][0], mine[len(own[0][0]) :]
        made = made_up(captions, others, words, count=made_up_texts, seed=0)
        train_tokenizer(mine, words, VOCABULARY, out)
        self.tokenizer = _tokenizer(out)
        texts = [*mine, *words, *made]
        self.tokens = self.tokenise(texts)
        sentences, targets = self.targets(texts)
        self.own_texts = len(mine)
        known = self.own_texts + len(words)
        short = [at for at in range(len(mine), len(texts)) if len(texts[at].split()) <= _SHORT]
        targets[short] = smooth(
            sentences[short], targets[short], sentences[:known], targets[:known]
        )
        self.text_sentences, self.text_targets = sentences, targets.half()
        owned, start = [], 0
        for one, (texts_here, owners) in zip(self.sets, own, strict=True):
            owned.append(_owned(one, start, texts_here, owners))
            start += len(texts_here)
        self.crops = TeacherCrops(owned, self._device, choices)
        self._log({"texts": len(texts), "vocabulary": self.tokenizer.get_vocab_size()})

    def tokenise(self, texts: Sequence[str]) -> torch.Tensor:
        """Return ``(n, CONTEXT)`` int16 tokens."""
        encoded = self.tokenizer.encode_batch(list(texts))
        return torch.tensor([one.ids for one in encoded], dtype=torch.int16, device=self._device)


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(CONTEXT)
    tokenizer.enable_padding(length=CONTEXT, pad_id=0, pad_token=PAD)
    return tokenizer


def _owned(one: DataSet, start: int, texts: Sequence[str], owners: Sequence[int]) -> Owned:
    return Owned(one, start, torch.tensor(owners, dtype=torch.long), group_numbers(texts))
