"""``binocle duplicates``: its options, and what it does."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from api.cli.options import PATH, collection_option, json_option, open_container, shared
from api.terminal import say


@click.command()
@click.argument("places", metavar="", nargs=-1)
@collection_option
@click.option(
    "--sheet",
    "--report",
    "sheet",
    metavar="FILE",
    type=PATH,
    help="Write a page with the pictures there (.html).",
)
@click.option("--open", "is_opened", is_flag=True, help="Show that page in a browser.")
@click.option("--csv", "table", metavar="FILE", type=PATH, help="Write a line a picture there.")
@click.option(
    "--moves",
    metavar="FILE",
    type=PATH,
    help="Write a shell script there that moves the copies out of the way. It is not run.",
)
@click.option(
    "--moves-to",
    metavar="FOLDER",
    type=PATH,
    default=Path("duplicates"),
    show_default=True,
    help="Where that script moves them.",
)
@click.option("--exact-only", is_flag=True, help="Move only the same files and the same pixels.")
@json_option
@shared
def duplicates(
    places: tuple[str, ...],
    collection: str,
    sheet: Path | None,
    is_opened: bool,
    table: Path | None,
    moves: Path | None,
    moves_to: Path,
    exact_only: bool,
    as_json: bool,
) -> None:
    """Find the pictures of a collection that are the same. Nothing is removed.

    Copies of the same bytes, near duplicates, mirrored and turned ones come together; of each
    cluster the one is proposed for keeping that shows most of the picture in most pixels, and
    of each other one it is said why not.
    """
    from api.cli.output.copies import print_clusters
    from api.cli.output.progress import StepsBar
    from api.cli.output.sheets import show_page
    from api.operations.copies import find_duplicates
    from api.operations.duplicates_moves import moves_of
    from api.operations.duplicates_report import (
        PAGE_SUFFIXES,
        as_json_object,
        check_writable,
        csv_of,
        warnings_of,
        write_text,
    )
    from api.operations.sheets.duplicates_sheet import duplicates_page

    _check(places, is_moved=moves is not None)
    for path in filter(None, (table, moves)):
        check_writable(path)
    if sheet is not None:
        check_writable(sheet, *PAGE_SUFFIXES)
    container = open_container()
    with container.open_collection(collection) as opened, container.decoders() as decoders:
        with StepsBar("duplicates") as bar:
            found = find_duplicates(container, opened, decoders, bar.update)
        if table is not None:
            write_text(table, csv_of(found))
        if sheet is not None or is_opened:
            page = duplicates_page(found, opened, decoders)
            show_page(page, sheet, "duplicates.html", is_opened=is_opened)
        if moves is not None:
            folder = moves_to.expanduser().absolute()
            write_text(moves, moves_of(found, folder, exact_only=exact_only))
    if as_json:
        say(json.dumps(as_json_object(found, collection), ensure_ascii=False))
        return
    print_clusters(found)
    for warning in warnings_of(found):
        say(f"Note: {warning}", err=True)
    for path in filter(None, (table, moves)):
        say(f"wrote {path}", err=True)


def _check(places: Sequence[str], *, is_moved: bool) -> None:
    """Refuse what would be passed over without a word.

    Raises:
        UsageError: A folder is named, or a collection without -c, or options of a script without
            the script.
    """
    from binocle.errors import UsageError

    if places:
        raise UsageError(
            f"duplicates are those of a collection, not of {places[0]}; "
            f"index it first: binocle index {places[0]} -c NAME, then binocle duplicates -c NAME "
            f"(where it is a collection: binocle duplicates -c {places[0]})"
        )
    source = click.get_current_context().get_parameter_source
    for name in ("exact_only", "moves_to"):
        if not is_moved and source(name) is not ParameterSource.DEFAULT:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is about the script of moves; name that with --moves FILE")
