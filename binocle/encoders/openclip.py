"""Any open_clip model, on the best device and precision at hand."""

import functools
import hashlib
import json
import logging
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from huggingface_hub import constants as hub

from binocle.encoders.int8_weights import ordinary_folder
from binocle.encoders.names import MINI, MINI_FOLDER, model_folder
from binocle.encoders.text_trimming import text_encoder
from binocle.encoders.two_towers import (
    DTYPES,
    Precision,
    TowersEncoder,
    choose_device,
    choose_precision,
    one_line,
)
from binocle.errors import ModelError, ModelUnavailableError
from binocle.types import Space

_MANY_CONVOLUTIONS = 8


@dataclass(frozen=True, slots=True)
class ModelRef:
    """What a ``--model`` value means to open_clip.

    Attributes:
        architecture: ``ViT-B-32``, ``hf-hub:org/repo`` or ``local-dir:/folder``.
        pretrained: A tag or a checkpoint's path; None where the architecture says it all.
    """

    architecture: str
    pretrained: str | None = None


def parse_model(spec: str) -> ModelRef:
    """Understand ``mini``, ``NAME/PRETRAINED``, ``NAME/PATH``, ``hf-hub:…`` or a folder.

    Raises:
        ModelError: It is none of these.
    """
    if spec.startswith("hf-hub:"):
        return ModelRef(spec)
    folder = model_folder(spec)
    if folder is not None:
        return ModelRef(f"local-dir:{folder.resolve()}")
    architecture, _, pretrained = spec.partition("/")
    if architecture not in open_clip.list_models():
        raise ModelError(
            f"open_clip knows no model named {architecture!r}; see 'binocle models', or give "
            "NAME/PRETRAINED, hf-hub:ORG/REPO or a folder"
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    listed = ", ".join(tags) or "none"
    if not pretrained:
        raise ModelError(
            f"{architecture} needs weights: {architecture}/TAG with one of these tags: {listed}; "
            f"or {architecture}/PATH with a checkpoint file"
        )
    if pretrained not in tags:
        checkpoint = Path(pretrained).expanduser()
        if not checkpoint.is_file():
            raise ModelError(
                f"{pretrained!r} is neither a tag of {architecture} ({listed}) nor a "
                "checkpoint file"
            )
        pretrained = str(checkpoint.resolve())
    return ModelRef(architecture, pretrained)


class OpenClipEncoder(TowersEncoder):
    """An open_clip model behind the ``Encoder`` protocol.

    Attributes:
        model: The network, which whoever trains it changes.
    """

    def __init__(
        self,
        spec: str,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        cache_dir: str | None = None,
    ) -> None:
        """Load a model.

        Args:
            spec: As for ``parse_model``.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
            precision: ``auto`` takes bfloat16 where the device is fast at it.
            cache_dir: Where open_clip keeps downloads; None for its own place.

        Raises:
            ModelError: The spec, the weights, the device or the precision cannot be used.
            ModelUnavailableError: The weights are not here and cannot be fetched.
        """
        reference = parse_model(spec)
        chosen = choose_device(device)
        kind = choose_precision(precision, chosen)
        model = _load(reference, cache_dir)
        preprocess: dict[str, Any] = dict(open_clip.get_model_preprocess_cfg(model))
        tokenizer = _load_tokenizer(reference, cache_dir)
        fingerprint = _fingerprint(model, preprocess, tokenizer)
        space = Space(_canonical_name(reference), _dimension(model), fingerprint)
        # The cast comes after the fingerprint, which must not depend on device or precision.
        self.model = model.to(device=chosen, dtype=DTYPES[kind])
        super().__init__(
            space=space,
            preprocess=preprocess,
            device=chosen,
            precision=kind,
            encode_image=self.model.encode_image,
            encode_text=text_encoder(self.model, tokenizer, chosen),
            tokenizer=tokenizer,
            is_convolutional=_is_convolutional(model),
        )


def _load(reference: ModelRef, cache_dir: str | None) -> Any:
    if reference == ModelRef(f"local-dir:{MINI_FOLDER}"):
        with ordinary_folder(MINI_FOLDER) as folder:
            return _load(ModelRef(f"local-dir:{folder}"), cache_dir)
    try:
        with _quiet_logging(), _offline_where_the_hub_is_out_of_reach():
            return open_clip.create_model(
                reference.architecture,
                pretrained=reference.pretrained,
                precision="fp32",
                device="cpu",
                cache_dir=cache_dir,
                require_pretrained=True,
            ).eval()
    except Exception as error:  # open_clip, the hub and torch raise their own kinds
        is_local = reference.architecture.startswith("local-dir:") or (
            reference.pretrained is not None and Path(reference.pretrained).is_file()
        )
        if is_local:
            what = reference.pretrained or reference.architecture.removeprefix("local-dir:")
            raise ModelError(f"cannot load the model at {what}: {one_line(error)}") from error
        raise _unavailable(reference, "weights", cache_dir, error) from error


def _load_tokenizer(reference: ModelRef, cache_dir: str | None) -> Any:
    try:
        with _quiet_logging(), _offline_where_the_hub_is_out_of_reach():
            return open_clip.get_tokenizer(reference.architecture, cache_dir=cache_dir)
    except Exception as error:  # hub, transformers and sentencepiece raise their own kinds
        raise _unavailable(reference, "tokenizer", cache_dir, error) from error


def _unavailable(
    reference: ModelRef, what: str, cache_dir: str | None, error: Exception
) -> ModelUnavailableError:
    name = _canonical_name(reference)
    hub_id = _hub_id(reference)
    by_hand = (
        f"run 'hf download {hub_id} --local-dir FOLDER' on a machine that has network, copy "
        "FOLDER here and give --model FOLDER"
        if hub_id
        else f"bring the checkpoint file here and give --model {reference.architecture}/PATH"
    )
    return ModelUnavailableError(
        f"{name}: found no {what} in {cache_dir or hub.HF_HUB_CACHE}, and the network gave none; "
        f"{by_hand} (last error: {one_line(error)})"
    )


def _hub_id(reference: ModelRef) -> str | None:
    if reference.architecture.startswith("hf-hub:"):
        return reference.architecture.removeprefix("hf-hub:")
    entry = open_clip.get_pretrained_cfg(reference.architecture, reference.pretrained or "")
    repository = str(entry.get("hf_hub", "")) if entry else ""
    return "/".join(repository.split("/")[:2]) or None


def _canonical_name(reference: ModelRef) -> str:
    if reference == ModelRef(f"local-dir:{MINI_FOLDER}"):
        return MINI
    if reference.pretrained is None:
        return reference.architecture.removeprefix("local-dir:")
    return f"{reference.architecture}/{reference.pretrained}"


def _is_convolutional(model: Any) -> bool:
    """Tell a convolutional tower, which likes its channels last: measured twice as fast."""
    layers = [one for one in model.visual.modules() if isinstance(one, torch.nn.Conv2d)]
    return len(layers) >= _MANY_CONVOLUTIONS


def _dimension(model: Any) -> int:
    with torch.inference_mode():
        size = open_clip.get_model_preprocess_cfg(model)["size"]
        height, width = (size, size) if isinstance(size, int) else size
        return int(model.encode_image(torch.zeros(1, 3, height, width)).shape[1])


def _fingerprint(model: Any, preprocess: dict[str, Any], tokenizer: Any) -> str:
    """Hash architecture, weights, preprocessing and tokenizer kind.

    The tensors are hashed, not their file, so that a checkpoint and its safetensors copy are
    the same space; dtypes are float32 at this point whatever the encoder will run in.
    """
    digest = hashlib.sha256()
    size = preprocess["size"]
    modules = [*model.modules()]
    recipe = {
        # What changes the answers and leaves no trace in the shapes of the weights.
        "heads": [one.num_heads for one in modules if hasattr(one, "num_heads")],
        "activations": [type(one).__name__ for one in modules if "GELU" in type(one).__name__],
        "preprocess": {**preprocess, "size": [size, size] if isinstance(size, int) else list(size)},
        "tokenizer": type(tokenizer).__name__,
        "context": getattr(tokenizer, "context_length", None),
    }
    digest.update(json.dumps(recipe, sort_keys=True, default=list).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor.numpy()).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """Keep open_clip, which logs through the root logger, from talking over our own messages."""
    loggers = [logging.getLogger(name) for name in ("", "huggingface_hub", "transformers")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _offline_where_the_hub_is_out_of_reach() -> Iterator[None]:
    """Let the hub's client look only into its cache when there is no network.

    By itself it tries each file five times before it looks, which took 46 seconds.
    """
    before = hub.HF_HUB_OFFLINE
    hub.HF_HUB_OFFLINE = before or not _is_hub_in_reach()
    try:
        yield
    finally:
        hub.HF_HUB_OFFLINE = before


@functools.cache
def _is_hub_in_reach() -> bool:
    if urllib.request.getproxies():  # then only the proxy can tell
        return True
    address = urllib.parse.urlsplit(hub.ENDPOINT)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), 3.0).close()
    except OSError:
        return False
    return True
