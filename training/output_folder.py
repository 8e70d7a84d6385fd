"""The folder a training run writes: what may be in it before, and what is left when it fails."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from binocle.errors import UsageError
from binocle.files import replacing

WEIGHTS, CONFIG, CARD = "open_clip_model.safetensors", "open_clip_config.json", "README.md"
CHECKPOINT, PIXELS, HISTORY, PLOT = "checkpoint.pt", "pixels.tmp", "history.jsonl", "progress.png"
_DRAFTS = [f"{name}.part" for name in (WEIGHTS, CONFIG, CARD, CHECKPOINT, HISTORY, PLOT)]
_OURS = frozenset({CHECKPOINT, PIXELS, HISTORY, PLOT, *_DRAFTS})


def replaced(path: Path) -> AbstractContextManager[BinaryIO]:
    """Give a file that takes a path's place at the end; its draft may stay behind when killed."""
    return replacing(path, mode=0o666, draft=path.with_name(f"{path.name}.part"))


def check_folder(out: Path, *, resume: bool) -> None:
    """Refuse a folder that has something in it, or nothing to go on with.

    Raises:
        UsageError: It cannot be used so.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out names a folder")
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if resume and CHECKPOINT not in there and not there <= _OURS:
        is_done = {WEIGHTS, CONFIG, CARD} <= there
        what = "the run there is finished" if is_done else "it holds other files"
        raise UsageError(f"there is nothing to resume in {out}: {what}")
    if resume and not there:
        raise UsageError(f"there is nothing to resume in {out}; leave out --resume")
    if there and not resume:
        remedy = "go on with --resume" if CHECKPOINT in there else "choose another folder"
        raise UsageError(f"{out} is not empty; {remedy}")


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make the folder; if nothing was put into it, take it away again.

    Raises:
        UsageError: It cannot be written to.
    """
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UsageError(f"cannot write to {out} ({error.strerror or error})") from error
    try:
        yield
    finally:
        if is_new and not any(out.iterdir()):
            out.rmdir()
