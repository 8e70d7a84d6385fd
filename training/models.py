"""Models that can be trained: opened, partly frozen, written into a folder."""

import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import open_clip
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from binocle.encoders import openclip
from binocle.encoders.names import MINI, canonical_name
from binocle.encoders.openclip import OpenClipEncoder
from binocle.encoders.registry import open_encoder
from binocle.encoders.two_towers import choose_precision
from binocle.errors import ModelError
from binocle.media.kinds import IMAGE, KINDS, TEXT
from binocle.types import Float32Array, Kind, PixelArray
from training.output_folder import CONFIG, WEIGHTS, replaced
from training.recipe import TrainingPrecision

_NO_TOKENIZER_FILES = (".safetensors", ".bin", ".pt", ".pth", ".md", ".png", ".jsonl")
_LARGEST_TOKENIZER_FILE_BYTES = 64 * 1024 * 1024
_LEAST_COSINE = 0.999
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Trainee:
    """An open_clip model with its tokenizer and preprocessing, about to learn.

    Attributes:
        encoder: The same model behind the ``Encoder`` protocol; sees every change of the weights.
        model: The network, in float32.
        name: What the user calls it.
        device: Where it computes.
        image_spec: The pixels the model wants.
    """

    def __init__(
        self,
        name: str,
        *,
        device: str = "auto",
        precision: TrainingPrecision = "auto",
        cache_dir: str | None = None,
    ) -> None:
        """Open a model by any name that ``open_encoder`` knows.

        Args:
            name: As for ``open_encoder``.
            device: As for ``OpenClipEncoder``.
            precision: Of the arithmetic; the weights are float32 in any case. ``auto`` takes
                bfloat16 where the device is fast at it.
            cache_dir: As for ``OpenClipEncoder``.

        Raises:
            ModelError: It cannot be opened, or has nothing to train.
        """
        encoder = _open(name, device, cache_dir)
        self.name = name
        # The space's name is what the model resolved to, such as a folder's absolute path.
        self._reference = openclip.parse_model(encoder.space.name)
        self.encoder = encoder
        self.model: nn.Module = encoder.model
        self._tokenizer: Any = encoder.tokenizer
        self._encode_text = encoder.encode_tokens
        self.device = encoder.device
        self.image_spec = encoder.image_spec
        chosen = choose_precision(precision, self.device)
        self.precision = "bfloat16" if chosen == "bfloat16" else "float32"
        preprocess = open_clip.get_model_preprocess_cfg(self.model)
        self._mean = torch.tensor(preprocess["mean"], device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocess["std"], device=self.device).view(1, 3, 1, 1)

    @property
    def folder(self) -> Path | None:
        """The model's own folder, where it has one."""
        architecture = self._reference.architecture
        if not architecture.startswith("local-dir:"):
            return None
        return Path(architecture.removeprefix("local-dir:"))

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Return (n, context) int64 tokens, on the CPU."""
        return cast(Tensor, self._tokenizer(list(texts))).cpu()

    def image_rows(self, pixels_nchw: Tensor) -> Tensor:
        """Embed (n, 3, height, width) uint8 pixels into (n, d) float32 unit rows, with graph."""
        scaled = (pixels_nchw.to(self.device).float() / 255.0 - self._mean) / self._std
        with self.autocast():
            rows = cast(Any, self.model).encode_image(scaled)
        return functional.normalize(rows.float(), dim=-1)

    def text_rows(self, tokens: Tensor) -> Tensor:
        """Embed (n, context) tokens into (n, d) float32 unit rows, with graph."""
        with self.autocast():
            rows = self._encode_text(tokens.to(self.device))
        return functional.normalize(rows.float(), dim=-1)

    def autocast(self) -> torch.autocast:
        """Return a context in which arithmetic has the chosen precision."""
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"
        )

    def encode(self, pixels: PixelArray, texts: Sequence[str]) -> tuple[Float32Array, Float32Array]:
        """Embed pictures of ``image_spec`` and texts as a search would, without graph.

        Returns:
            (n, d) and (m, d) float32 unit rows.
        """
        self.model.eval()
        step = self.encoder.batch_size
        with self.autocast():
            images = [
                self.encoder.encode_images(pixels[start : start + step])
                for start in range(0, len(pixels), step)
            ]
            return np.concatenate(images), self.encoder.encode_texts(texts)

    def set_training(self) -> None:
        """Switch on dropout and its like where something is trained.

        Norms over the batch keep the statistics they have: those of a small batch are worse, and
        rows must not depend on their neighbours (``training.losses.gradient_cache``).
        """
        self.model.train()
        for module in self.model.modules():
            is_locked = not any(one.requires_grad for one in module.parameters())
            if isinstance(module, _BATCH_NORMS) or (
                is_locked and any(True for _ in module.parameters())
            ):
                module.eval()

    def freeze(self, lock: Kind | None, unfreeze_last: int) -> None:
        """Leave a tower, or all but the last blocks, as they are; see ``Recipe``.

        Raises:
            ModelError: open_clip cannot freeze this kind of tower in part.
        """
        for tower in (lock,) if lock else KINDS if unfreeze_last else ():
            parameters = self._tower_parameters(tower)
            if unfreeze_last == 0:
                for parameter in parameters:
                    parameter.requires_grad = False
            else:
                self._freeze_in_part(tower, unfreeze_last, parameters)

    def _tower_parameters(self, tower: Kind) -> list[nn.Parameter]:
        is_of_image = [
            (name.startswith("visual."), one)
            for name, one in self.model.named_parameters()
            if name not in {"logit_scale", "logit_bias"}
        ]
        return [one for image, one in is_of_image if image == (tower == IMAGE)]

    def _freeze_in_part(self, tower: Kind, last: int, parameters: list[nn.Parameter]) -> None:
        model = cast(Any, self.model)
        # open_clip counts a transformer's projection as a group of its own.
        has_blocks = tower == TEXT or hasattr(model.visual, "transformer")
        groups = last + 1 if has_blocks else last
        freeze: Callable[[int], None] = (
            model.lock_image_tower if tower == IMAGE else model.lock_text_tower
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of timm's own moved modules
                freeze(groups)
        except Exception as error:  # assertions, missing attributes: each tower has its own
            raise ModelError(
                f"open_clip cannot freeze the {tower} tower of {self.name} in part "
                f"({type(error).__name__}: {error}); leave out --unfreeze-last"
            ) from error
        trained = sum(one.requires_grad for one in parameters)
        if trained in (0, len(parameters)):
            which = "all" if trained else "none"
            raise ModelError(
                f"--unfreeze-last {last} leaves {which} of the {tower} tower of {self.name} to "
                "train; choose another number, or use --lock"
            )

    def write(self, folder: Path) -> None:
        """Write the model so that ``--model FOLDER`` accepts it.

        Args:
            folder: Exists; files of the same names are replaced, each at once.
        """
        config = {
            "model_cfg": open_clip.get_model_config(self._reference.architecture),
            "preprocess_cfg": open_clip.get_model_preprocess_cfg(self.model),
        }
        tensors = {
            name: one.detach().cpu().contiguous().clone()
            for name, one in self.model.state_dict().items()
        }
        with replaced(folder / CONFIG) as file:
            file.write(f"{json.dumps(config, indent=2)}\n".encode())
        with replaced(folder / WEIGHTS) as file:
            file.write(save(tensors, metadata={"format": "pt"}))
        if self.folder is not None:
            _copy_tokenizer(self.folder, folder)
        elif hasattr(self._tokenizer, "save_pretrained"):
            self._tokenizer.save_pretrained(folder)

    def check_written(self, folder: Path, pixels: PixelArray, texts: Sequence[str]) -> None:
        """Load a folder as a search would and compare its rows with the model's own.

        Raises:
            ModelError: They differ.
        """
        written = OpenClipEncoder(str(folder), device=str(self.device), precision="float32")
        self.model.eval()
        pairs = (
            (written.encode_images(pixels), self.encoder.encode_images(pixels)),
            (written.encode_texts(texts), self.encoder.encode_texts(texts)),
        )
        for theirs, ours in pairs:
            least = float((theirs * ours).sum(axis=1).min())
            if not least > _LEAST_COSINE:
                raise ModelError(
                    f"the model written to {folder} gives other vectors than the one trained "
                    f"(cosine {least:.4f}); this is a mistake in Binocle, please report it"
                )


def _open(name: str, device: str, cache_dir: str | None) -> OpenClipEncoder:
    if canonical_name(name) == MINI:  # open_encoder would open it without open_clip
        return OpenClipEncoder(MINI, device=device, precision="float32")
    encoder = open_encoder(name, device=device, precision="float32", cache_dir=cache_dir)
    if not isinstance(encoder, OpenClipEncoder):
        raise ModelError(
            f"the model {name!r} has no weights to train; start from an open_clip model, see "
            "'binocle models'"
        )
    return encoder


def _copy_tokenizer(source: Path, folder: Path) -> None:
    for path in sorted(source.iterdir()):
        is_small = path.is_file() and path.stat().st_size <= _LARGEST_TOKENIZER_FILE_BYTES
        if is_small and path.name != CONFIG and path.suffix not in _NO_TOKENIZER_FILES:
            shutil.copyfile(path, folder / path.name)
