"""From a model's name to an encoder."""

from typing import TYPE_CHECKING

from binocle.encoders import colour
from binocle.encoders.base import Encoder
from binocle.encoders.names import MINI, canonical_name, model_folder

if TYPE_CHECKING:
    from binocle.encoders.two_towers import Precision


def open_encoder(
    model: str,
    *,
    device: str = "auto",
    precision: "Precision" = "auto",
    cache_dir: str | None = None,
) -> Encoder:
    """Load the encoder a name stands for.

    Args:
        model: ``mini``, ``colour``, or anything ``openclip.parse_model`` understands.
        device: As for ``OpenClipEncoder``.
        precision: As for ``OpenClipEncoder``.
        cache_dir: As for ``OpenClipEncoder``.

    Raises:
        ModelError: As for ``OpenClipEncoder``.
    """
    if model == colour.NAME:
        return colour.ColourEncoder()
    if canonical_name(model) == MINI:
        from binocle.encoders.mini_encoder import MiniEncoder

        return MiniEncoder(device=device, precision=precision)
    model_folder(model)  # a mistyped one is told of before torch, which takes seconds to import
    from binocle.encoders.openclip import OpenClipEncoder

    return OpenClipEncoder(model, device=device, precision=precision, cache_dir=cache_dir)
