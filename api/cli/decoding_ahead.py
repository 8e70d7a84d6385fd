"""Decoders that start while ``binocle index`` still imports: a core would wait for them else."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import home_of

if TYPE_CHECKING:
    import subprocess

    from binocle.media.decoder_pool import DecoderPool
    from binocle.types import Limits

_MOST = 4  # more start when pictures wait for them
_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".zip")


def begin_decoders(sources: Sequence[Path | str], collection: str, workers: int | None) -> None:
    """Start decoders where pictures are to be expected: for a new collection, of folders.

    A run over what is known may decode nothing, and starts them when something has changed.

    Args:
        sources: What is indexed.
        collection: Its collection's name.
        workers: How many pictures are decoded at once; None for what is set, or one a core.
    """
    root = click.get_current_context().find_root()
    if root.obj is not None:
        return
    if not any(Path(one).is_dir() or str(one).lower().endswith(_ARCHIVES) for one in sources):
        return
    from binocle.collection.beside_searches import AHEAD_NICE

    begun: list[subprocess.Popen[bytes]] = []
    with suppress(OSError, RuntimeError, ValueError):  # whoever comes later says what is wrong
        if (home_of(root) / "collections" / collection).exists():
            return
        from binocle.media.sandbox import start_decoder

        chosen = workers or int(os.environ.get("BINOCLE_WORKERS") or 0)
        count = min(_MOST, chosen or os.cpu_count() or 1)
        begun += [start_decoder(AHEAD_NICE) for _ in range(count)]

    def open_decoders(workers: int, limits: "Limits") -> "DecoderPool":
        from binocle.media.decoder_pool import DecoderPool

        return DecoderPool(workers, limits, begun=begun, nice=AHEAD_NICE)

    root.obj = {"open_decoders": open_decoders}
