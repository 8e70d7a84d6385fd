"""From a model's name to an encoder."""

from typing import TYPE_CHECKING

from binocle.encoders import colour
from binocle.encoders.base import Encoder
from binocle.encoders.names import MINI, canonical_name

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
    from binocle.encoders.openclip import OpenClipEncoder  # torch takes seconds to import

    return OpenClipEncoder(model, device=device, precision=precision, cache_dir=cache_dir)
