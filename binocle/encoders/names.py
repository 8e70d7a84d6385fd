"""The names of models: the embedded one, and what a collection calls any other."""

from pathlib import Path

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
