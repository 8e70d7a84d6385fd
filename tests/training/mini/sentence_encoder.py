"""A sentence encoder of random weights, packed as the recipe packs the real one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel


def write_sentence_encoder(folder: Path) -> None:
    """Write 384-d rows of a network of one layer that knows 40 words."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "picture", "text", "dog", "red", "handbags", "handbag", "flickr"]
    words += [f"word{chr(97 + at)}" for at in range(20)] + [str(at) for at in range(11)]
    config: dict[str, Any] = {
        "vocab_size": len(words),
        "hidden_size": 384,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    model = BertModel(BertConfig(**config), add_pooling_layer=False)
    state = {name: one.numpy() for name, one in model.state_dict().items() if one.ndim}
    np.savez(folder / "sentences.npz", **state)
    (folder / "sentences-config.json").write_text(json.dumps(config), "utf-8")
    vocabulary = {word: at for at, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "sentences-tokenizer.json"))
