"""The names of models: the embedded one, and what a collection calls any other."""

from pathlib import Path

from binocle.errors import ModelError

MINI = "mini"
MINI_FOLDER = Path(__file__).resolve().parent / "models" / MINI
DEFAULT_MODEL = MINI


def model_folder(model: str) -> Path | None:
    """Return the folder that a name stands for; None where it stands for something else.

    Raises:
        ModelError: There is no such folder, or it holds no model.
    """
    if model.startswith("hf-hub:"):
        return None
    folder = MINI_FOLDER if model == MINI else Path(model.removeprefix("local-dir:")).expanduser()
    if not folder.is_dir():
        if model.startswith(("local-dir:", "/", "./", "../", "~")):
            raise ModelError(f"no model folder at {folder}")
        return None
    if not (folder / "open_clip_config.json").is_file():
        raise ModelError(
            f"the folder {folder} has no open_clip_config.json; a model folder holds that file and "
            "the weights beside it (open_clip_model.safetensors)"
        )
    return folder


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
