"""The state of a run on disk, whole or not at all."""

from pathlib import Path
from typing import Any

import torch

from binocle.errors import ModelError
from binocle.files import sync_folder
from training.output_folder import replaced

_VERSION = 1


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; a run killed meanwhile leaves the one before.

    Args:
        path: Where.
        state: Tensors, numbers, texts, and lists and dicts of these.
    """
    with replaced(path) as file:
        torch.save({"version": _VERSION, **state}, file)
    sync_folder(path.parent)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; tensors are on the CPU. Nothing in it is executed.

    Raises:
        ModelError: It is damaged, or of a newer version of Binocle.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        version = int(state["version"])
    except Exception as error:  # zip, pickle and torch raise their own kinds
        raise ModelError(
            f"the checkpoint {path} is damaged ({type(error).__name__}); remove the folder and "
            "train anew"
        ) from error
    if version > _VERSION:
        raise ModelError(
            f"the checkpoint {path} was written by a newer version of Binocle; go on with that one"
        )
    return state
