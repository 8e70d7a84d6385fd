"""Sheets written, and shown in a browser; paths for other programs."""

import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from api.container import Container
from api.operations.duplicates_report import write_text
from api.terminal import say
from binocle.collection.collection import Collection
from binocle.types import Hit
from search.results.answer import Answer


def write_sheet(
    answer: Answer,
    collection: Collection,
    container: Container,
    file: Path | None,
    *,
    is_opened: bool,
) -> None:
    """Write a contact sheet.

    Args:
        answer: With the hits.
        collection: Where they come from.
        container: Has the limits of pictures.
        file: Where to; None for a folder of its own.
        is_opened: Show it in a browser, where there is anything to show it on.

    Raises:
        StorageError: It cannot be written.
    """
    from api.operations.sheets.contact_sheet import sheet_of

    with container.decoders() as decoders:
        page = sheet_of(answer, collection, decoders)
    show_page(page, file, "hits.html", is_opened=is_opened)


def show_page(page: str, file: Path | None, name: str, *, is_opened: bool) -> None:
    """Write a page and say where.

    Args:
        page: As HTML.
        file: Where to; None for a folder of its own.
        name: What it is called there.
        is_opened: Show it in a browser, where there is anything to show it on.

    Raises:
        StorageError: It cannot be written.
    """
    path = file or Path(tempfile.mkdtemp(prefix="binocle-")) / name  # nobody else reads it
    write_text(path, page)
    say(f"wrote {path}", err=True)
    if is_opened and has_display():
        webbrowser.open(path.absolute().as_uri())


def has_display() -> bool:
    """Tell whether a browser has something to be shown on."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def print_paths(hits: Sequence[Hit], *, end: str) -> None:
    """Print where each hit lies, each place once, and nothing else.

    Args:
        hits: Whose.
        end: Behind each: a line's end, or a zero byte for names with line ends.
    """
    paths = dict.fromkeys(one.part.uri for hit in hits for one in (hit, *hit.others))
    for path in paths:
        say(path.encode("utf-8", "surrogateescape"), nl=False)
        say(end, nl=False)
