"""``binocle watch``."""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import (
    PATH_OR_ADDRESS,
    collection_option,
    engine_options,
    exclude_option,
    open_container,
    shared,
)
from api.terminal import EXIT_INTERRUPTED, STOPPED, say

if TYPE_CHECKING:
    from indexer.watching import FolderFollower

_NICE = 19


@click.command()
@click.argument("folders", metavar="[FOLDER]...", nargs=-1, type=PATH_OR_ADDRESS)
@collection_option
@click.option("--model", metavar="MODEL", help="Embeds the collection. Only for a new collection.")
@click.option("--poll", is_flag=True, help="Look through the folders; do not listen to the system.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How often folders are looked through, where they are.",
)
@exclude_option
@engine_options
@shared
def watch(
    folders: Sequence[Path | str],
    collection: str,
    model: str | None,
    poll: bool,
    every_s: float,
    exclude: Sequence[str],
    **engine: object,
) -> None:
    """Follow folders: index what changes in them, until you press Ctrl-C.

    Without folders, all that the collection has as sources are followed. New, changed and removed
    pictures are in the collection seconds later, a burst of changes in one go. Folders on the
    network are looked through from time to time. A folder that goes away keeps its records, and is
    followed again when it is back.

    \b
    binocle watch ~/Pictures -c photos
    """  # fmt: skip
    from api.cli.index import sentence
    from indexer.sources.folder import FolderSource
    from indexer.sources.left_out import checked_patterns
    from indexer.watching import FolderFollower

    followed = _local(folders)
    checked_patterns(exclude)
    container = open_container(**engine)
    os.nice(_NICE)  # whoever searches meanwhile goes first
    with container.open_collection(collection, create=bool(folders)) as opened:
        if not followed:
            with opened.reading() as session:
                sources = session.sources.all()
            followed = [Path(one.uri) for one in sources if one.kind == "folder"]
        if not followed:
            raise click.UsageError("name folders; the collection has none as its sources")

        def index(path: Path) -> None:
            report = container.indexer(opened, model, lambda _: None).run(
                FolderSource(path.resolve(), exclude=exclude, followed=True)
            )
            tally = report.tally
            if tally.added or tally.updated or tally.removed:
                say(sentence(report, collection))

        say(f"following {', '.join(map(str, followed))}", err=True)
        follower = FolderFollower(
            followed, index, lambda text: say(text, err=True), poll=poll, every_s=every_s
        )
        _run(follower)


def _run(follower: "FolderFollower") -> None:
    try:
        follower.run(threading.Event())
    except KeyboardInterrupt:  # there is no other end to it
        say(STOPPED, err=True)
        sys.exit(EXIT_INTERRUPTED)


def _local(folders: Sequence[Path | str]) -> list[Path]:
    from indexer.sources.stores.addresses import without_secrets

    for one in folders:
        if isinstance(one, str):
            raise click.UsageError(
                f"{without_secrets(one)} is no folder, and stores tell of no changes; run 'binocle "
                "index' on it from time to time: what is unchanged is not read"
            )
    return [Path(one).expanduser() for one in folders]
