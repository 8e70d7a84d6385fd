"""The embedded model without torch, which takes seconds to import: a few texts in numpy.

A command that searches by words, and ends, needs the text tower alone, for one short text. So it
is written out here once more, in float32; pictures and many texts are torch's (``mini.py``), which
is loaded when they come. A test holds both against each other.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import safe_open
from tokenizers import Tokenizer

from binocle.encoders.base import image_spec_of, unit_rows
from binocle.encoders.languages import may_read
from binocle.encoders.names import MINI, MINI_FOLDER
from binocle.errors import ModelError
from binocle.types import Float32Array, ImageSpec, Int64Array, PixelArray, Space

if TYPE_CHECKING:
    from binocle.encoders.mini import MiniTowers
    from binocle.encoders.two_towers import Precision

_WEIGHTS, _SCALE = "weights.int8.safetensors", ".scale"
_PAD = "<pad>"
_CHINESE = "\u3400"  # tokens from here on are Chinese
_FEW = 8  # texts that torch would not be faster with


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Say which model it was that could not be read, and what to do.

    Raises:
        ModelError: Something was raised.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # safetensors and tokenizers raise their own kinds
        raise ModelError(
            f"the embedded model in {folder} cannot be read ({error}); install binocle again"
        ) from error


class MiniModel:
    """What is known of the embedded model without its towers.

    Attributes:
        space: Of its rows.
        preprocess: open_clip's ``preprocess_cfg``.
        heads: Of the text tower's attention.
        vocabulary: As for ``Encoder``.
    """

    def __init__(self, folder: Path) -> None:
        """Read the configuration and the tokenizer.

        Raises:
            ModelError: They cannot be read.
        """
        with reading(folder):
            config = json.loads((folder / "open_clip_config.json").read_text("utf-8"))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            model = config["model_cfg"]
            fingerprint = config.get("space") or _digest(folder, config)
        self._tokenizer.enable_truncation(int(model["text_cfg"]["context_length"]))
        self._tokenizer.enable_padding(pad_id=0, pad_token=_PAD)
        self.space = Space(MINI, int(model["embed_dim"]), fingerprint)
        self.preprocess: Mapping[str, Any] = config["preprocess_cfg"]
        self.heads = int(model["text_cfg"]["heads"])
        self.vocabulary = _whole_words(self._tokenizer)

    def tokens(self, texts: Sequence[str]) -> Int64Array:
        """Return ``(n, length)`` int64 tokens, as long as the longest text."""
        encoded = self._tokenizer.encode_batch([" ".join(text.split()).lower() for text in texts])
        return np.array([one.ids for one in encoded], np.int64)

    def can_read(self, text: str) -> bool:
        """Tell whether a text has anything the model was trained on."""
        return may_read(text, lambda one: _knows_a_word(self._tokenizer, one))


class MiniEncoder:
    """``mini`` behind the ``Encoder`` protocol."""

    def __init__(
        self, *, device: str = "auto", precision: "Precision" = "auto", folder: Path = MINI_FOLDER
    ) -> None:
        """Load the text tower.

        Args:
            device: As for ``OpenClipEncoder``.
            precision: As for ``OpenClipEncoder``.
            folder: Where the model lies.

        Raises:
            ModelError: The device or the precision cannot be used, or the package is damaged.
        """
        self._about = MiniModel(folder)
        self._device, self._precision, self._folder = device, precision, folder
        self._spec = image_spec_of(self._about.preprocess)
        self._loading, self._tokenizing = threading.Lock(), threading.Lock()
        with reading(folder):
            self._texts = _PlainTextTower(folder / _WEIGHTS, self._about.heads)
        self._is_plain = device in ("auto", "cpu") and precision in ("auto", "float32")
        if not self._is_plain:
            _ = self._towers  # a device that cannot be used is told at once

    @property
    def space(self) -> Space:
        """The space of the rows."""
        return self._about.space

    @property
    def image_spec(self) -> ImageSpec:
        """The pixels wanted."""
        return self._spec

    @property
    def batch_size(self) -> int:
        """Pictures at once."""
        return self._towers.batch_size

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words it knows whole."""
        return self._about.vocabulary

    @property
    def runs_on(self) -> str:
        """Device and precision, for a person."""
        return self._towers.runs_on

    def can_read(self, text: str) -> bool:
        """Tell whether a text has anything the model was trained on."""
        with self._tokenizing:
            return self._about.can_read(text)

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures; see ``Encoder.encode_images``."""
        return self._towers.encode_images(pixels_nhwc)

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts; see ``Encoder.encode_texts``."""
        if not texts:
            return np.empty((0, self.space.dimension), np.float32)
        if not self._is_plain or len(texts) > _FEW:
            return self._towers.encode_texts(texts)
        with self._tokenizing:
            tokens = self._about.tokens(texts)
        return unit_rows(self._texts.rows(tokens))

    @property
    def _towers(self) -> "MiniTowers":
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> "MiniTowers":
        from binocle.encoders.mini import MiniTowers  # torch takes seconds to import

        with reading(self._folder):
            return MiniTowers(
                MiniModel(self._folder),  # tokenizers may not be shared by threads
                device=self._device,
                precision=self._precision,
                folder=self._folder,
            )


class _PlainTextTower:
    """A causal transformer that is read at the end token, in float32."""

    def __init__(self, weights: Path, heads: int) -> None:
        with safe_open(weights, framework="numpy") as packed:
            names = [name for name in packed.keys() if name.startswith("text.")]  # noqa: SIM118
            state = {name.removeprefix("text."): packed.get_tensor(name) for name in names}
        self._words = state.pop("token_embedding.weight")  # 8-bit integers: a text needs few
        self._scales = state.pop("token_embedding.weight" + _SCALE)[:, np.newaxis]
        self._state = {
            name: _unpacked(rows, state.get(name + _SCALE))
            for name, rows in state.items()
            if not name.endswith(_SCALE)
        }
        self._heads = heads

    def rows(self, tokens: Int64Array) -> Float32Array:
        """Return ``(n, d)`` rows of ``(n, length)`` tokens."""
        rows = self._words[tokens].astype(np.float32) * self._scales[tokens]
        rows = rows + self._state["positional_embedding"][: tokens.shape[1]]
        block = 0
        while f"transformer.resblocks.{block}.ln_1.weight" in self._state:
            rows = self._through(rows, f"transformer.resblocks.{block}.")
            block += 1
        ends = rows[np.arange(len(tokens)), tokens.argmax(axis=1)]
        return np.asarray(self._normed(ends, "ln_final") @ self._state["text_projection"])

    def _through(self, rows: Float32Array, layer: str) -> Float32Array:
        """Attention to what came before, then a network of two layers."""
        count, length, width = rows.shape
        asked = self._linear(self._normed(rows, f"{layer}ln_1"), f"{layer}attn.in_proj_")
        by_head = asked.reshape(count, length, 3, self._heads, -1)
        query, key, value = by_head.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5)
        scores[:, :, *np.triu_indices(length, 1)] = -np.inf
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        seen = (shares @ value).transpose(0, 2, 1, 3).reshape(count, length, width)
        rows = rows + self._linear(seen, f"{layer}attn.out_proj.")
        wide = self._linear(self._normed(rows, f"{layer}ln_2"), f"{layer}mlp.c_fc.")
        return rows + self._linear(_gelu(wide), f"{layer}mlp.c_proj.")

    def _linear(self, rows: Float32Array, name: str) -> Float32Array:
        return np.asarray(rows @ self._state[f"{name}weight"].T + self._state[f"{name}bias"])

    def _normed(self, rows: Float32Array, name: str) -> Float32Array:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        normed = centred / deviation * self._state[f"{name}.weight"]
        return np.asarray(normed + self._state[f"{name}.bias"])


def _gelu(rows: Float32Array) -> Float32Array:
    """Return x Φ(x), to 1e-6.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26.
    """
    size = np.abs(rows) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    powers = np.full_like(t, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        powers = powers * t + np.float32(factor)
    erf = np.copysign(1 - powers * t * np.exp(-size * size), rows)
    return np.asarray(0.5 * rows * (1 + erf), np.float32)


def _unpacked(rows: Any, scale: Any) -> Float32Array:
    """Return a tensor in float32, its scale for each row taken in where it has one."""
    found = np.asarray(rows, np.float32)
    return found if scale is None else found * scale.reshape(-1, *[1] * (found.ndim - 1))


def _digest(folder: Path, config: Mapping[str, Any]) -> str:
    """Return the fingerprint of a model that does not say which space it is of: its own."""
    digest = hashlib.sha256((folder / _WEIGHTS).read_bytes())
    digest.update(json.dumps(config["preprocess_cfg"], sort_keys=True).encode())
    return digest.hexdigest()


def _whole_words(tokenizer: Tokenizer) -> tuple[str, ...]:
    """Return the tokens that begin a word, commonest first; languages one after the other.

    Chinese is left out, where a wrong character is no misspelt word.
    """
    places = tokenizer.get_vocab()
    words = (one for one in places if one.isalpha() and one[0] < _CHINESE)
    return tuple(sorted(words, key=places.__getitem__))


def _knows_a_word(tokenizer: Tokenizer, text: str) -> bool:
    """Tell whether a text has a token with a letter that is in the vocabulary."""
    tokens = tokenizer.encode(text.lower()).tokens
    return any(any(map(str.isalpha, one)) for one in tokens if not one.startswith("<"))
