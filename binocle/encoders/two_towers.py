"""Running two towers of a torch network: devices, precisions, pixels in, unit rows out."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from binocle.encoders.base import image_spec_of, unit_rows
from binocle.errors import ModelError
from binocle.types import Float32Array, ImageSpec, PixelArray, Space

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
Tokenizer: TypeAlias = Callable[[list[str]], torch.Tensor]
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TEXT_BATCH = 256
_IN_CACHE = 2  # pictures that are normalised at once, in half the time of a whole batch
_SIZES = (32, 16, 8, 4, 2, 1)  # of batches of pictures on a processor


class TowersEncoder:
    """Two towers behind the ``Encoder`` protocol.

    Attributes:
        device: Where they are.
        tokenizer: From texts to tokens, for whoever trains them.
        encode_tokens: From tokens to rows, likewise.
    """

    def __init__(  # noqa: PLR0913 - what a loader has loaded
        self,
        *,
        space: Space,
        preprocess: Mapping[str, Any],
        device: torch.device,
        precision: str,
        encode_image: Callable[[torch.Tensor], torch.Tensor],
        encode_text: Callable[[torch.Tensor], torch.Tensor],
        tokenizer: Tokenizer,
        is_convolutional: bool = False,
        vocabulary: tuple[str, ...] = (),
        can_read: Callable[[str], bool] = lambda _text: True,
    ) -> None:
        """Take what is loaded.

        Args:
            space: Of the rows.
            preprocess: open_clip's ``preprocess_cfg``: size, resizing, ``mean`` and ``std``, these
                three numbers each for pixels from 0 to 1.
            device: Where the towers are.
            precision: A key of torch's dtypes, which the towers are in.
            encode_image: From ``(n, 3, h, w)`` to rows.
            encode_text: From ``(n, context)`` int64 tokens to rows.
            tokenizer: From texts to tokens.
            is_convolutional: Whether pixels are best kept with the channels last.
            vocabulary: As for ``Encoder``.
            can_read: Likewise.
        """
        self._space, self._spec = space, image_spec_of(preprocess)
        self.device, self._precision = device, precision
        self._encode_image, self.encode_tokens = encode_image, encode_text
        self.tokenizer = tokenizer
        self._vocabulary, self._can_read = vocabulary, can_read
        self._format = torch.channels_last if is_convolutional else torch.contiguous_format
        mean, std = (np.asarray(preprocess[one], np.float32) for one in ("mean", "std"))
        self._scale = torch.from_numpy(1.0 / (255.0 * std)).to(device).view(1, 3, 1, 1)
        self._shift = torch.from_numpy(mean / std).to(device).view(1, 3, 1, 1)
        self._tokenizing = threading.Lock()

    @property
    def space(self) -> Space:
        """The space of the rows."""
        return self._space

    @property
    def image_spec(self) -> ImageSpec:
        """The pixels wanted, from the model's own preprocessing."""
        return self._spec

    @property
    def batch_size(self) -> int:
        """Pictures at once: from 24 on a CPU gains nothing more, and from 96 on loses."""
        return 32 if self.device.type == "cpu" else 256

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words it knows whole."""
        return self._vocabulary

    def can_read(self, text: str) -> bool:
        """Tell whether a text has anything the model was trained on."""
        with self._tokenizing:
            return self._can_read(text)

    @property
    def runs_on(self) -> str:
        """Device and precision, for a person."""
        return f"{self.device}, {self._precision}"

    def encode_images(self, pixels_nhwc: PixelArray) -> Float32Array:
        """Embed pictures; see ``Encoder.encode_images``."""
        if not len(pixels_nhwc):
            return np.empty((0, self._space.dimension), np.float32)
        pixels = torch.from_numpy(np.ascontiguousarray(pixels_nhwc)).to(self.device)
        with torch.inference_mode():
            batches = [
                self._encode_image(self._normalised(some.permute(0, 3, 1, 2))).float().cpu().numpy()
                for some in (_in_few_sizes(pixels) if self.device.type == "cpu" else [pixels])
            ]
            return unit_rows(np.concatenate(batches))

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return ``(n, c, h, w)`` uint8 as the network has it; a processor's cache holds a few."""
        made = torch.empty(
            pixels.shape,
            dtype=DTYPES[self._precision],
            device=self.device,
            memory_format=self._format,
        )
        few = _IN_CACHE if self.device.type == "cpu" else len(pixels)
        for start in range(0, len(pixels), few):
            some = pixels[start : start + few]
            scaled = torch.empty(some.shape, device=self.device, memory_format=self._format)
            scaled.copy_(some)  # four times as fast as .float()
            made[start : start + few] = scaled.mul_(self._scale).sub_(self._shift)
        return made

    def encode_texts(self, texts: Sequence[str]) -> Float32Array:
        """Embed texts; see ``Encoder.encode_texts``."""
        if not texts:
            return np.empty((0, self._space.dimension), np.float32)
        batches = []
        for start in range(0, len(texts), _TEXT_BATCH):
            with self._tokenizing:  # Hugging Face tokenizers may not be shared by threads
                tokens = self.tokenizer(list(texts[start : start + _TEXT_BATCH]))
            with torch.inference_mode():
                rows = self.encode_tokens(tokens.to(self.device))
                batches.append(rows.float().cpu().numpy())
        return unit_rows(np.concatenate(batches))


def _in_few_sizes(pixels: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield a batch in pieces of six sizes: for each size that occurs, oneDNN keeps 3 MB."""
    start = 0
    while start < len(pixels):
        size = next(one for one in _SIZES if one <= len(pixels) - start)
        yield pixels[start : start + size]
        start += size


def choose_device(device: str) -> torch.device:
    """Return a device that works.

    Args:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        ModelError: It cannot be used here.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"the device {device!r} cannot be used here ({one_line(error)}); try --device auto"
        ) from error
    return chosen


def choose_precision(
    precision: Precision, device: torch.device
) -> Literal["float32", "bfloat16", "float16"]:
    """Return the precision to run in; ``auto`` takes bfloat16 where the device is fast at it.

    Raises:
        ModelError: There is no such precision.
    """
    if precision != "auto":
        if precision not in DTYPES:
            raise ModelError(f"no precision {precision!r}; there are auto, {', '.join(DTYPES)}")
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    if device.type == "cpu" and _cpu_is_fast_at_bfloat16():
        return "bfloat16"
    return "float32"


def _cpu_is_fast_at_bfloat16() -> bool:
    """AMX or AVX512-BF16: measured about five times float32 (docs/benchmarks.md)."""
    return bool(
        torch.cpu._is_amx_tile_supported()  # noqa: SLF001 - torch has no public query for it
        or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    )


def one_line(error: BaseException) -> str:
    """Return an error's message in one line of at most 200 characters."""
    text = " ".join(str(error).split())
    return (text[:200] + "…") if len(text) > 200 else text or type(error).__name__
