"""Teaching the text tower more languages while pictures and English keep their rows.

Only rows of tokens are learned: those of the new tokens, which the layers that learned English
then read as they read English (Artetxe et al. 2020, https://arxiv.org/abs/1910.11856). So the
space is the one it was, and collections made before are searched in the new languages too.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from binocle.encoders.base import Encoder
from binocle.encoders.int8_weights import WEIGHTS, pack, unpack
from binocle.encoders.mini_encoder import MiniEncoder
from binocle.types import Float32Array
from training.mini.languages.alignment import (
    bitext,
    corrections,
    regress,
    rows_of,
    translate,
)
from training.mini.languages.captions import Captions, load
from training.mini.languages.lessons import Lessons, LessonSet, learn_rows
from training.mini.languages.lexicon import phrases, read_words
from training.mini.languages.questions import measure_questions
from training.mini.languages.recall import embed_pictures, measure_languages
from training.mini.languages.tokens import lengthen
from training.mini.model_card import add_languages
from training.mini.pictures import MiniPictures, load_pictures

_WORDS = "text.token_embedding.weight"
_NEUTRAL = "a"
_EMPTY = frozenset({"a", "an", "the", ".", ","})
_STAY_ENGLISH = frozenset(
    {"was", "auto", "son", "stock", "hand", "spring", "se", "ve", "si", "po", "pe", "zen", "na"}
)
_CORRECTED = ("de", "zh")
Log = Callable[[dict[str, Any]], None]
TokenRow = tuple[int, Float32Array]


@dataclass(frozen=True, slots=True)
class CourseRecipe:
    """The numbers of a course.

    Attributes:
        minutes: How long the rows train; 0 leaves them as the alignment found them.
        batch: Texts a step.
        rate: Peak learning rate.
        made_up: Phrases of several words made from the lexicon.
        phrases: Share of the steps that learn words and phrases of the lexicon, not captions.
        known: Folder of a model that reads the languages already: rows of tokens it has are taken
            over, and those of other tokens come from the lexicon alone. Empty: captions tell all.
        vocabulary: European pieces, before what is known already goes.
        english_per_picture: Captions of a picture that its target is the mean of.
        limit: Only so many pictures, to try things.
        seed: Of everything random.
    """

    minutes: float = 40.0
    batch: int = 64
    rate: float = 2e-3
    made_up: int = 4000
    phrases: float = 0.18
    known: str = ""
    vocabulary: int = 9000
    english_per_picture: int = 1
    limit: int | None = None
    seed: int = 0


class Course:
    """Everything a course holds: the model it starts from, captions, tokens, targets."""

    def __init__(self, start: Path, packed: Path, recipe: CourseRecipe, log: Log) -> None:
        """Load, cut texts, embed pictures.

        Args:
            start: The folder of the English model.
            packed: The packed material.
            recipe: The numbers.
            log: Takes facts as they are known.
        """
        self._start, self._packed, self._recipe, self._log = start, packed, recipe, log
        self._encoder: Encoder = MiniEncoder(folder=start, precision="float32")
        pictures = self._pictures("flickr8k-train")
        self._captions = load(packed, "train", len(pictures.encoded))
        owners = [at for at, own in enumerate(pictures.texts) for _ in own]
        self._english = Captions([text for own in pictures.texts for text in own], owners)
        from tokenizers import Tokenizer

        old = Tokenizer.from_file(str(start / "tokenizer.json"))
        shops = (load_pictures(packed / f"{name}.npz").texts for name in ("fashion", "electronics"))
        kept = [*self._english.texts, *(text for shop in shops for own in shop for text in own)]
        kept += [word for word in old.get_vocab() if word.isalpha()]
        kept += [word.english for word in read_words()]
        self._tokens = lengthen(old, self._captions, kept, recipe.vocabulary)
        log({"vocabulary": len(self._tokens.tokens)})
        self._state = unpack(load_file(start / WEIGHTS))
        self._pixels = embed_pictures(self._encoder, pictures)
        self._targets = self._mixed_targets(pictures)

    def _pictures(self, name: str) -> MiniPictures:
        pictures = load_pictures(self._packed / f"{name}.npz")
        limit = self._recipe.limit
        return pictures if limit is None else pictures.part(range(min(limit, len(pictures.texts))))

    def _mixed_targets(self, pictures: MiniPictures) -> Float32Array:
        """Return what a caption should be: between its picture and what English says of that."""
        sums = np.zeros_like(self._pixels)
        for number in range(self._recipe.english_per_picture):
            # neither the shortest caption nor the longest
            said = [sorted(own, key=len)[(number + 1) % len(own)] for own in pictures.texts]
            sums += self._encoder.encode_texts(said)
        return _unit(self._pixels + _unit(sums))

    def teach(self, out: Path) -> dict[str, float]:
        """Find the rows, train them, write the model, measure it.

        Returns:
            Recall on the dev photos and precision of short questions, in percent, by language.
        """
        rows, free = self._aligned()
        lessons = self._lessons(free)
        if self._recipe.minutes:
            rows = learn_rows(self._state, rows, lessons, self._recipe.minutes, self._log)
        out.mkdir(parents=True, exist_ok=True)
        self._write(rows, out)
        made = MiniEncoder(folder=out)
        found = measure_languages(made, self._packed, self._recipe.limit)
        found |= measure_questions(made, self._packed, self._recipe.limit)
        self._log({"languages": found})
        facts = {
            "texts": sum(len(own.texts) for own in self._captions.values()),
            "words": len(read_words()),
            "tokens": int(free.sum()),
            "taken": int(free[: len(self._state[_WORDS]) - 2].sum()),
        }
        card = (self._start / "README.md").read_text("utf-8")
        (out / "README.md").write_text(add_languages(card, facts, found), "utf-8")
        return found

    def _aligned(self) -> tuple[Float32Array, np.ndarray[Any, np.dtype[np.bool_]]]:
        old = self._state[_WORDS].numpy()
        tokens = self._tokens
        rows = np.zeros((len(tokens.tokens), old.shape[1]), np.float32)
        count = len(old) - 2  # start and end move behind what is new
        rows[:count], rows[-2:] = old[:count], old[-2:]
        free = np.arange(len(rows)) >= count
        free[-2:] = False
        free[self._taken_over(count)] = True
        if self._recipe.known:
            free[:count] &= self._changed(old[:count])
        free &= tokens.shared == np.arange(len(rows))
        neutral = old[tokens.tokens.index(_NEUTRAL)]
        told = self._known if self._recipe.known else self._told
        filled = np.zeros(len(rows), bool)
        for token, row in told(rows[:count], neutral):
            if free[token] and not filled[token]:
                rows[token], filled[token] = row, True
        rows[free & ~filled] = 0.5 * neutral
        return rows[tokens.shared], free

    def _known(self, english: Float32Array, neutral: Float32Array) -> Iterator[TokenRow]:
        """Yield the rows that a model has which reads the languages; the lexicon tells the rest."""
        tokens = self._tokens
        places, rows = self._read_known()
        taken = [at for at, token in enumerate(tokens.tokens) if token in places]
        yield from ((at, rows[places[tokens.tokens[at]]]) for at in taken)
        self._log({"known": len(taken), "tokens": len(tokens.tokens)})
        for language in ("zh", "de"):
            texts = bitext([], [], [], [], self._entries(language))
            found = translate(texts, len(tokens.tokens))
            yield from zip(found.tokens, rows_of(found, english, neutral), strict=True)

    def _changed(self, english: Float32Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell which English rows the model that reads the languages has made its own."""
        places, rows = self._read_known()
        own = [rows[places[one]] if one in places else row
               for one, row in zip(self._tokens.tokens, english, strict=False)]  # fmt: skip
        changed: np.ndarray[Any, np.dtype[np.bool_]] = np.abs(np.stack(own) - english).max(1) > 1e-6
        return changed

    def _read_known(self) -> tuple[dict[str, int], Float32Array]:
        from tokenizers import Tokenizer

        folder = Path(self._recipe.known)
        places = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
        rows: Float32Array = unpack(load_file(folder / WEIGHTS))[_WORDS].numpy()
        return places, rows

    def _told(self, english: Float32Array, neutral: Float32Array) -> Iterator[TokenRow]:
        """Yield the rows that captions of the same pictures, and the lexicon, tell."""
        said = self._tokens.encode(self._english.texts)
        size = len(self._tokens.tokens)
        told = regress(said, self._centred(self._english.pictures), size)
        for language, captions in self._captions.items():
            found, added = self._language(language, captions, said, told, english)
            made = rows_of(found, english, neutral) + added
            yield from zip(found.tokens, made, strict=True)
            self._log({"aligned": language, "tokens": len(found.tokens)})

    def _language(self, language: str, captions: Captions, english: list[list[int]],
                  english_told: tuple[Float32Array, Float32Array], known: Float32Array,
                  ) -> tuple[Any, Float32Array]:  # fmt: skip
        tokens = self._tokens
        foreign = [
            [int(tokens.shared[one]) for one in each] for each in tokens.encode(captions.texts)
        ]
        full = {at for at, one in enumerate(tokens.tokens[: len(known)]) if one not in _EMPTY}
        meaning = [[token for token in each if token in full] for each in english]
        texts = bitext(foreign, captions.pictures, meaning, self._english.pictures,
                       self._entries(language))  # fmt: skip
        found = translate(texts, len(tokens.tokens))
        added = np.zeros((len(found.tokens), known.shape[1]), np.float32)
        if language in _CORRECTED:
            told = regress(foreign, self._centred(captions.pictures), len(tokens.tokens))
            added = corrections(found, told, english_told, known)
        return found, added

    def _entries(self, language: str) -> list[tuple[list[int], list[int]]]:
        """Return the lexicon's entries of a language as tokens."""
        cut, pairs = self._tokens, []
        for word in read_words():
            said = word.chinese if language == "zh" else (word.german,) if language == "de" else ()
            meant = [
                one
                for one in cut.encode([word.english])[0]
                if one < len(self._state[_WORDS]) - 2 and cut.tokens[one] not in _EMPTY
            ]
            pairs += [
                ([int(cut.shared[token]) for token in one], meant) for one in cut.encode(said)
            ]
        return pairs

    def _centred(self, pictures: list[int]) -> Float32Array:
        centred: Float32Array = (self._targets - self._targets.mean(0))[pictures]
        return centred

    def _taken_over(self, count: int) -> list[int]:
        """Return the old words that are rather words of the new languages."""
        tokens = self._tokens
        english = Counter(token for one in tokens.encode(self._english.texts) for token in one)
        others = Counter(
            token
            for language in ("de", "fr", "cs")
            for one in tokens.encode(self._captions[language].texts)
            for token in one
        )
        return [
            token
            for token, times in others.items()
            if token < count and times >= 30 and times > 20 * english[token]
            and len(word := tokens.tokens[token]) > 1 and word.isalpha()
            and word not in _STAY_ENGLISH
        ]  # fmt: skip

    def _lessons(self, free: np.ndarray[Any, np.dtype[np.bool_]]) -> Lessons:
        recipe, cut = self._recipe, self._tokens
        made = phrases(recipe.made_up, recipe.seed)
        meant = self._encoder.encode_texts([one.english for one in made])
        shares = (1 - recipe.phrases) * np.array((0.49, 0.44, 0.035, 0.035))
        sets = [
            LessonSet(float(share), cut.encode(own.texts), np.array(own.pictures), None)
            for (_, own), share in zip(self._captions.items(), shares, strict=True)
            if own.texts
        ]
        sets.append(
            LessonSet(0.55 * recipe.phrases, cut.encode([one.chinese for one in made]), None, meant)
        )
        sets.append(
            LessonSet(0.45 * recipe.phrases, cut.encode([one.german for one in made]), None, meant)
        )
        return Lessons(sets, self._pixels, self._targets, cut.shared, free, recipe.batch,
                       recipe.rate, recipe.seed)  # fmt: skip

    def _write(self, rows: Float32Array, out: Path) -> None:
        config = json.loads((self._start / "open_clip_config.json").read_text("utf-8"))
        config["model_cfg"]["text_cfg"]["vocab_size"] = len(rows)
        config["space"] = self._encoder.space.fingerprint
        (out / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        told = (self._start / "tokenizer_config.json").read_bytes()
        (out / "tokenizer_config.json").write_bytes(told)
        self._tokens.tokenizer.save(str(out / "tokenizer.json"), pretty=False)
        words = pack({_WORDS: torch.from_numpy(rows)})
        # what is not learned is taken over as it lies there, so that its rows stay what they were
        save_file({**load_file(self._start / WEIGHTS), **words}, out / WEIGHTS)


def _unit(rows: Float32Array) -> Float32Array:
    unit: Float32Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit
