"""From a model's name to an encoder, and the models worth choosing from."""

from pathlib import Path
from typing import TYPE_CHECKING

from binocle.encoders import colour
from binocle.encoders.base import Encoder

if TYPE_CHECKING:
    from binocle.encoders.two_towers import Precision

MINI = "mini"
MINI_FOLDER = Path(__file__).resolve().parent / "models" / MINI
DEFAULT_MODEL = MINI


def canonical_name(model: str) -> str:
    """Return the name a collection knows a model by: paths are absolute, the rest as given."""
    if model.startswith("hf-hub:"):
        return model
    folder = Path(model.removeprefix("local-dir:")).expanduser()
    if folder.is_dir():
        resolved = folder.resolve()
        return MINI if resolved == MINI_FOLDER else str(resolved)
    architecture, slash, pretrained = model.partition("/")
    checkpoint = Path(pretrained).expanduser()
    if slash and checkpoint.is_file():
        return f"{architecture}/{checkpoint.resolve()}"
    return model


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
        from binocle.encoders.mini import MiniEncoder

        return MiniEncoder(device=device, precision=precision)
    from binocle.encoders.openclip import OpenClipEncoder  # torch takes seconds to import

    return OpenClipEncoder(model, device=device, precision=precision, cache_dir=cache_dir)
