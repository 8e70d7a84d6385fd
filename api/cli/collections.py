"""``binocle info``, ``collections``, ``skipped`` and ``remove``."""

import sys
from collections.abc import Sequence

import click

from api.cli.options import collection_option, json_option, open_container, shared
from api.terminal import say


@click.command()
@collection_option
@json_option
@shared
def info(collection: str, as_json: bool) -> None:
    """Tell what a collection holds: model, counts, indices, sources, fields."""
    from api.cli.output.tables import print_info

    with open_container().open_collection(collection) as opened:
        print_info(opened, as_json=as_json)


@click.command()
@json_option
@shared
def collections(as_json: bool) -> None:
    """List the collections."""
    from api.cli.output.tables import print_collections

    print_collections(open_container(), as_json=as_json)


@click.command()
@collection_option
@json_option
@shared
def skipped(collection: str, as_json: bool) -> None:
    """List the files that were not indexed, and why."""
    from api.cli.output.tables import print_skipped

    with open_container().open_collection(collection) as opened:
        print_skipped(opened, as_json=as_json)


@click.command()
@click.argument("records", metavar="[RECORD]...", nargs=-1)
@collection_option
@click.option("--source", metavar="PATH", help="Remove all that came from this source.")
@click.option("--all", "everything", is_flag=True, help="Remove the whole collection.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def remove(
    records: Sequence[str], collection: str, source: str | None, everything: bool, yes: bool
) -> None:
    """Remove records, a source, or a whole collection. Your files are never touched."""
    from api.operations.removal import (
        clear_traces,
        remove_collection,
        remove_records,
        remove_source,
    )

    if sum([bool(records), source is not None, everything]) != 1:
        raise click.UsageError("name records, or give --source PATH, or --all")
    container = open_container()
    if everything:
        with container.aliases.removing(collection):  # what is damaged can be removed
            if not container.own_path(collection).is_dir():
                raise container.no_collection(collection)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Remove the collection {collection!r}?", abort=True)
        elif not yes:
            raise click.UsageError("--all removes the whole collection; add --yes to do it")
        say(remove_collection(container, collection))
        return
    with container.open_collection(collection) as opened:
        if source is not None:
            say(remove_source(opened, source))
        else:
            say(remove_records(opened, records))
        clear_traces(opened, records)
