"""Encoding texts without their padding.

CLIP's text towers read 77 tokens whatever a text's length, and a query has about ten. Where
attention is causal and the vector is taken at the end-of-text token, what comes behind that
token changes nothing, so it can be cut off, which makes batches of queries three to four times
as fast (docs/benchmarks.md). Whether a model is of that kind is not guessed from its class but
tried when it is loaded; where cutting changes an answer, nothing is cut.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

TextEncoder: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
_PROBES = ("a dog", "two children play with a red ball on the beach near the water")
_LEAST_COSINE = 0.9995


def text_encoder(model: Any, tokenizer: Any, device: torch.device) -> TextEncoder:
    """Return the fastest way a model encodes tokens that leaves its answers as they are.

    Args:
        model: An open_clip model, on its device and in its precision.
        tokenizer: Its tokenizer.
        device: The device.

    Returns:
        From ``(n, context)`` int64 tokens to ``(n, d)`` rows, not yet of unit length.
    """
    whole: TextEncoder = model.encode_text
    tokens = tokenizer(list(_PROBES)).to(device)
    if _cut(tokens[:1]).shape[1] == tokens.shape[1]:
        return whole  # nothing can be cut, so trying would tell nothing
    ways = [_by_the_model(model), _by_hand(model)]
    if hasattr(model, "text"):
        ways.append(_by_hand(model.text))
    with torch.inference_mode():
        expected = whole(tokens).float()
        for short in ways:
            try:
                alone = short(tokens[:1]).float()  # surely cut, whatever the others' lengths
                rows = torch.cat((alone, short(tokens).float()))
            except (RuntimeError, AttributeError, TypeError, IndexError, ValueError):
                continue  # this kind of model cannot be asked so
            wanted = torch.cat((expected[:1], expected))
            cosines = torch.nn.functional.cosine_similarity(rows, wanted)
            if float(cosines.min()) > _LEAST_COSINE:
                return short
    return whole


def _cut(tokens: torch.Tensor) -> torch.Tensor:
    """Drop what lies behind the last end-of-text token, which has the highest number."""
    return tokens[:, : int(tokens.argmax(dim=-1).max()) + 1]


def _by_the_model(model: Any) -> TextEncoder:
    """Towers without a causal mask of fixed size take shorter rows as they are."""
    return lambda tokens: model.encode_text(_cut(tokens))


def _by_hand(model: Any) -> TextEncoder:
    """Follow ``open_clip.model.CLIP.encode_text``, whose positions have a fixed number.

    The text towers of ``CustomTextCLIP`` have the same parts.
    """

    def encode(tokens: torch.Tensor) -> torch.Tensor:
        short = _cut(tokens)
        length = short.shape[1]
        dtype = model.transformer.get_cast_dtype()
        rows = model.token_embedding(short).to(dtype)
        rows = rows + model.positional_embedding[:length].to(dtype)
        rows = model.transformer(rows, attn_mask=model.attn_mask[:length, :length])
        rows = model.ln_final(rows)
        ends = rows[torch.arange(len(short), device=rows.device), short.argmax(dim=-1)]
        projection = model.text_projection
        projected: torch.Tensor = (
            projection(ends) if isinstance(projection, torch.nn.Module) else ends @ projection
        )
        return projected

    return encode
