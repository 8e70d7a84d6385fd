"""The network of ``mini``: MobileNetV4-Conv-M (Qin et al. 2024) and a small causal transformer.

Everything is an ordinary open_clip ``CustomTextCLIP``, so the shipped folder loads through
open_clip's own code.
"""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import nn

from training.mini.tokenizer import CONTEXT

WIDTH = 256
IMAGE_SIZE = 160
TRUNK_WIDTH = 1280
VOCABULARY = 16_384
_TEXT_WIDTH = 384


def model_config() -> dict[str, Any]:
    """Return open_clip's ``model_cfg``."""
    return {
        "embed_dim": WIDTH,
        "vision_cfg": {
            "timm_model_name": "mobilenetv4_conv_medium",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "",
            "image_size": IMAGE_SIZE,
        },
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": VOCABULARY,
            "hf_tokenizer_name": "mini",
            "tokenizer_kwargs": {"clean": "lower"},
            "width": _TEXT_WIDTH,
            "heads": 6,
            "layers": 4,
        },
        "custom_text": True,
    }


def preprocess_config() -> dict[str, Any]:
    """Return open_clip's ``preprocess_cfg``: the whole picture, squashed, is what it learned."""
    return {
        "size": [IMAGE_SIZE, IMAGE_SIZE],
        "mode": "RGB",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }


def write_configs(folder: Path) -> None:
    """Write ``open_clip_config.json``."""
    config = {"model_cfg": model_config(), "preprocess_cfg": preprocess_config()}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def make_towers() -> Any:
    """Return the untrained network."""
    config = model_config()
    config.pop("custom_text")
    text = {**config["text_cfg"], "hf_tokenizer_name": None, "tokenizer_kwargs": None}
    return open_clip.CustomTextCLIP(config["embed_dim"], config["vision_cfg"], text)


class Students(nn.Module):
    """Both towers and the heads that only distillation needs."""

    def __init__(self, towers: Any, feature_width: int, sentence_width: int) -> None:
        """Attach the heads."""
        super().__init__()
        self.towers = towers
        self.to_features = nn.Linear(TRUNK_WIDTH, feature_width)
        self.to_sentences = nn.Linear(_TEXT_WIDTH, sentence_width)

    def images(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embed pictures.

        Args:
            pixels: ``(n, 3, s, s)`` RGB scaled to -1 to 1.

        Returns:
            ``(n, WIDTH)`` rows, not scaled to length 1, and the guess at the teacher's features.
        """
        trunk = self.towers.visual.trunk
        hidden = trunk.forward_head(trunk.forward_features(pixels), pre_logits=True)
        return trunk.classifier(hidden), self.to_features(hidden)

    def texts(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embed texts.

        Args:
            tokens: ``(n, length)`` int64 token ids; as short as the longest text allows.

        Returns:
            ``(n, WIDTH)`` rows, not scaled to length 1, and the guess at the sentence encoder's.
        """
        tower = self.towers.text
        length = tokens.shape[1]
        states = tower.token_embedding(tokens) + tower.positional_embedding[:length]
        states = tower.transformer(states, attn_mask=tower.attn_mask[:length, :length])
        states = tower.ln_final(states)
        pooled = states[torch.arange(len(tokens), device=tokens.device), tokens.argmax(1)]
        return pooled @ tower.text_projection, self.to_sentences(pooled)
