"""``binocle hashes``: lists of PDQ hashes, in and out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import PATH, collection_option, open_container, shared
from api.operations.plurals import counted
from api.terminal import say

if TYPE_CHECKING:
    from search.copies.hash_lists.hash_list import HashList


@click.group()
@shared
def hashes() -> None:
    """Share what is known without sharing pictures: PDQ hashes, a line each.

    \b
    binocle hashes export -c known known.csv
    binocle hashes add partner.csv -c known
    binocle hashes list -c known
    binocle lookup suspect.jpg -c known
    """


@hashes.command("export")
@click.argument("file", metavar="[FILE]", required=False, type=PATH)
@click.option("--plain", is_flag=True, help="Hashes only, a line each: no quality, no id.")
@collection_option
@shared
def export_hashes(file: Path | None, collection: str, *, plain: bool) -> None:
    """Write the hash, its quality and the record's id of each picture; to FILE or to the pipe."""
    from api.operations.duplicates_report import check_writable
    from api.operations.hash_lists.exported_hashes import write_hashes
    from api.operations.hash_lists.kept_lists import own_hashes

    container = open_container()
    with container.open_collection(collection) as opened:
        if file is None:
            _, lost = write_hashes(sys.stdout, own_hashes(container, opened), plain=plain)
        else:
            check_writable(file)
            with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as lines:
                _, lost = write_hashes(lines, own_hashes(container, opened), plain=plain)
    for one in lost[:5]:
        say(f"Note: no hash of {one.record_id}: {one.hash}", err=True)
    if lost[5:]:
        say(f"Note: {counted(len(lost) - 5, 'more picture')} could not be read", err=True)


@hashes.command("add")
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--name", metavar="NAME", help="What the list is called [the file's name].")
@collection_option
@shared
def add_hashes(file: Path, name: str | None, collection: str) -> None:
    """Keep a list with a collection: its lookups tell what is near one of the list's hashes.

    A line has a hash of 64 hexadecimal digits and, if wanted, a quality and a label; or a CSV has a
    heading with hash, quality and label. A collection that is not there is made: it can consist of
    lists alone.
    """
    from api.operations.hash_lists.kept_lists import add_list, check_name, listed_in_file

    called = name or file.stem
    check_name(called)
    added = listed_in_file(file)
    with open_container().open_collection(collection, create=True) as opened:
        add_list(opened, called, added)
    _tell(added, called)


@hashes.command("list")
@collection_option
@shared
def list_hashes(collection: str) -> None:
    """Name the lists that a collection keeps, and how many hashes each has."""
    from api.cli.output.tables import print_table
    from api.operations.hash_lists.kept_lists import examined_lists
    from binocle.errors import DamagedListError

    with open_container().open_collection(collection) as opened:
        kept = list(examined_lists(opened.path))
    damaged = [one for _, one in kept if isinstance(one, DamagedListError)]
    rows = [
        (name, "damaged" if isinstance(one, DamagedListError) else len(one.hashes))
        for name, one in kept
    ]
    print_table(("list", "hashes"), rows)
    for one in damaged:
        say(f"Note: {one}", err=True)


@hashes.command("remove")
@click.argument("name", metavar="NAME")
@collection_option
@shared
def remove_hashes(name: str, collection: str) -> None:
    """Forget a list."""
    from api.operations.hash_lists.kept_lists import remove_list

    with open_container().open_collection(collection) as opened:
        remove_list(opened, name)
    say(f"removed the hash list {name}", err=True)


def _tell(added: "HashList", name: str) -> None:
    plain = f"; {added.plain:,} of plain pictures are not matched" if added.plain else ""
    faults = f"; {added.faults}" if added.faults else ""
    say(f"{name}: {counted(len(added.hashes), 'line')} with a hash{plain}{faults}", err=True)
