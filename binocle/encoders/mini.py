"""The embedded model: MobileNetV4-Conv-M (Qin et al. 2024) and a small causal transformer.

Its weights are stored as 8-bit integers, so that a network of this size fits into the package;
unpacked, the folder is an ordinary open_clip model folder, and ``OpenClipEncoder`` loads it as
one, which is how it is fine-tuned. Importing open_clip takes about two seconds though
(torchvision and transformers come with it), which a command that starts, searches and ends would
spend each time. So the two small networks are also written out here, with batch norms folded
into the convolutions before them; a test holds both ways of loading against each other.

The name of its space is written in its configuration and stays where only the text tower learned
more: pictures and English texts keep the rows they had, so a collection that an earlier ``mini``
made is searched by a later one as it is.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from binocle.encoders.int8_weights import SCALE, WEIGHTS, unpack
from binocle.encoders.names import MINI_FOLDER
from binocle.encoders.two_towers import (
    DTYPES,
    Precision,
    TowersEncoder,
    choose_device,
    choose_precision,
)
from binocle.types import Int64Array, Space

_State = dict[str, torch.Tensor]
_WORDS = "text.token_embedding.weight"
_convolved = attrgetter("mkldnn._convolution_pointwise")  # there is no public name of either
_has_onednn = attrgetter("backends.mkldnn.is_available")
_knows_bfloat16 = attrgetter("mkldnn._is_mkldnn_bf16_supported")


class WithoutTowers(Protocol):
    """What is known of the model without its towers."""

    @property
    def space(self) -> Space:
        """Of its rows."""

    @property
    def preprocess(self) -> Mapping[str, Any]:
        """open_clip's ``preprocess_cfg``."""

    @property
    def heads(self) -> int:
        """Of the text tower's attention."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """As for ``Encoder``."""

    def tokens(self, texts: Sequence[str]) -> Int64Array:
        """Return ``(n, length)`` int64 tokens."""

    def can_read(self, text: str) -> bool:
        """As for ``Encoder``."""


class MiniTowers(TowersEncoder):
    """``mini`` on torch: pictures, and many texts at once."""

    def __init__(
        self,
        about: WithoutTowers,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        folder: Path = MINI_FOLDER,
    ) -> None:
        """Load the towers.

        Args:
            about: What is known of the model without them.
            device: As for ``OpenClipEncoder``.
            precision: As for ``OpenClipEncoder``.
            folder: Where the model lies.

        Raises:
            ModelError: The device or the precision cannot be used, or the package is damaged.
        """
        chosen = choose_device(device)
        kind = choose_precision(precision, chosen)
        state = _read(folder)
        images = _ImageTower(_part(state, "visual.trunk."))
        texts = _TextTower(_part(state, "text."), about.heads)
        images = images.eval().to(device=chosen, dtype=DTYPES[kind])
        images = images.to(memory_format=torch.channels_last)
        texts = texts.eval().to(device=chosen, dtype=DTYPES[kind])
        super().__init__(
            space=about.space,
            preprocess=about.preprocess,
            device=chosen,
            precision=kind,
            encode_image=images,
            encode_text=texts,
            tokenizer=lambda batch: torch.from_numpy(about.tokens(batch)),
            is_convolutional=True,
            vocabulary=about.vocabulary,
            can_read=about.can_read,
        )


def _read(folder: Path) -> _State:
    """Return a model's weights.

    The rows of the words stay 8-bit integers, beside their scales: a text needs few of them.
    """
    packed = load_file(folder / WEIGHTS)
    words = {name: packed.pop(name) for name in (_WORDS, _WORDS + SCALE)}
    return {**unpack(packed), **words}


def _part(state: _State, prefix: str) -> _State:
    return {
        name.removeprefix(prefix): one for name, one in state.items() if name.startswith(prefix)
    }


class _ImageTower(nn.Module):
    """MobileNetV4-Conv-M without its batch norms."""

    def __init__(self, state: _State) -> None:
        super().__init__()
        layers: list[nn.Module] = [_rectified(state, "conv_stem", "bn1", stride=2)]
        fused = "blocks.0.0"  # the one block whose expansion is a full convolution
        layers.append(_rectified(state, f"{fused}.conv_exp", f"{fused}.bn1", stride=2))
        layers.append(_folded(state, f"{fused}.conv_pwl", f"{fused}.bn2"))
        stage = 1
        while f"blocks.{stage}.0.pw_exp.conv.weight" in state:
            block = 0
            while f"blocks.{stage}.{block}.pw_exp.conv.weight" in state:
                own = _part(state, f"blocks.{stage}.{block}.")
                layers.append(_Block(own, stride=1 if block else 2))
                block += 1
            stage += 1
        layers.append(_rectified(state, f"blocks.{stage}.0.conv", f"blocks.{stage}.0.bn1"))
        self.layers = nn.Sequential(*layers)
        self.head = _rectified(state, "conv_head", "norm_head")
        self.classifier = _linear(state["classifier.weight"], state["classifier.bias"])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return ``(n, d)`` rows."""
        pooled = self.layers(pixels).mean((2, 3), keepdim=True)
        rows: torch.Tensor = self.classifier(self.head(pooled).flatten(1))
        return rows


class _Block(nn.Module):
    """A universal inverted bottleneck: depthwise, widen, depthwise, narrow; some lack one."""

    def __init__(self, state: _State, *, stride: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if "dw_start.conv.weight" in state:
            layers.append(_folded(state, "dw_start.conv", "dw_start.bn"))
        layers.append(_rectified(state, "pw_exp.conv", "pw_exp.bn"))
        if "dw_mid.conv.weight" in state:
            layers.append(_rectified(state, "dw_mid.conv", "dw_mid.bn", stride=stride))
        layers.append(_folded(state, "pw_proj.conv", "pw_proj.bn"))
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return what the block makes, beside what came in where sizes agree."""
        made: torch.Tensor = self.layers(rows)
        return rows + made if self.is_residual else made


class _TextTower(nn.Module):
    """A causal transformer that is read at the end token."""

    def __init__(self, state: _State, heads: int) -> None:
        super().__init__()
        self.words = _Words(
            state["token_embedding.weight"], state["token_embedding.weight" + SCALE]
        )
        self.places = nn.Parameter(state["positional_embedding"])
        blocks: list[nn.Module] = []
        while f"transformer.resblocks.{len(blocks)}.ln_1.weight" in state:
            blocks.append(_Layer(_part(state, f"transformer.resblocks.{len(blocks)}."), heads))
        self.blocks = nn.Sequential(*blocks)
        self.norm = _norm(state, "ln_final")
        self.projection = nn.Parameter(state["text_projection"])

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return ``(n, d)`` rows."""
        rows = self.blocks(self.words(tokens) + self.places[: tokens.shape[1]])
        ends = rows[torch.arange(len(tokens), device=tokens.device), tokens.argmax(1)]
        projected: torch.Tensor = self.norm(ends) @ self.projection
        return projected


class _Words(nn.Module):
    """The rows of words, kept as 8-bit integers and their scales."""

    def __init__(self, rows: torch.Tensor, scales: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows)
        self.register_buffer("scales", scales.unsqueeze(1))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return ``(n, length, width)`` rows."""
        scales = self.get_buffer("scales")
        found: torch.Tensor = self.get_buffer("rows")[tokens].to(scales.dtype) * scales[tokens]
        return found


class _Layer(nn.Module):
    """Attention to what came before, then a network of two layers."""

    def __init__(self, state: _State, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = _norm(state, "ln_1")
        self.before_network = _norm(state, "ln_2")
        self.ask = _linear(state["attn.in_proj_weight"], state["attn.in_proj_bias"])
        self.answer = _linear(state["attn.out_proj.weight"], state["attn.out_proj.bias"])
        self.widen = _linear(state["mlp.c_fc.weight"], state["mlp.c_fc.bias"])
        self.narrow = _linear(state["mlp.c_proj.weight"], state["mlp.c_proj.bias"])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows with what the layer adds."""
        count, length, width = rows.shape
        asked = self.ask(self.before_attention(rows))
        query, key, value = asked.view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        rows = rows + self.answer(seen.transpose(1, 2).reshape(count, length, width))
        network: torch.Tensor = self.narrow(functional.gelu(self.widen(self.before_network(rows))))
        return rows + network


class _Rectified(nn.Module):
    """A convolution whose negative values become 0; oneDNN has both in one pass, the same bits."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return ``(n, c, h, w)`` rows, none below 0."""
        own = self.convolution
        if not _does_both(pixels):
            return functional.relu(own(pixels), inplace=True)
        shape = (own.padding, own.stride, own.dilation, own.groups)
        given: tuple[Any, ...] = (pixels, own.weight, own.bias, *shape, "relu", [], "")
        made: torch.Tensor = _convolved(torch.ops)(*given)
        return made


def _does_both(pixels: torch.Tensor) -> bool:
    """Tell whether oneDNN is there for such pixels: on a processor, and without gradients."""
    if pixels.device.type != "cpu" or torch.is_grad_enabled():
        return False
    if pixels.dtype == torch.bfloat16:
        return bool(_knows_bfloat16(torch.ops)())
    return pixels.dtype == torch.float32 and bool(_has_onednn(torch)())


def _rectified(state: _State, convolution: str, norm: str, *, stride: int = 1) -> _Rectified:
    return _Rectified(_folded(state, convolution, norm, stride=stride))


def _folded(state: _State, convolution: str, norm: str, *, stride: int = 1) -> nn.Conv2d:
    """Return a convolution that also does the batch norm behind it."""
    weight = state[f"{convolution}.weight"]
    deviation = torch.sqrt(state[f"{norm}.running_var"] + 1e-5)
    gain = state[f"{norm}.weight"] / deviation
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    out, width, side, _ = weight.shape
    groups = out if width == 1 else 1
    layer = nn.Conv2d(width * groups, out, side, stride, side // 2, groups=groups, device="meta")
    layer.weight = nn.Parameter(weight * gain.view(-1, 1, 1, 1), requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer


def _norm(state: _State, name: str) -> nn.LayerNorm:
    layer = nn.LayerNorm(state[f"{name}.weight"].shape[0])
    layer.weight = nn.Parameter(state[f"{name}.weight"], requires_grad=False)
    layer.bias = nn.Parameter(state[f"{name}.bias"], requires_grad=False)
    return layer
