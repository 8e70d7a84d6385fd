"""``binocle aliases``: names that stand for collections."""

import json

import click

from api.cli.options import json_option, open_container, shared
from api.terminal import say


@click.group()
@shared
def aliases() -> None:
    """Have a name stand for a collection, and switch it to another one at once."""


@aliases.command("set")
@click.argument("name")
@click.argument("collection")
@click.option(
    "--expected", metavar="NAME", help="Only where it has stood for this collection until now."
)
@shared
def set_alias(name: str, collection: str, expected: str | None) -> None:
    """Have NAME stand for COLLECTION from now on, for every process and each of its requests.

    Pages of earlier answers go on in the collection they began in, while that is there.
    """
    container = open_container()
    container.own_path(name)
    if collection not in container.aliases.all():  # one of an alias is refused below
        container.open_collection(collection).close()
    made = container.aliases.put(name, collection, expected=expected)
    say(f"{made.name} stands for {made.collection}")


@aliases.command("list")
@json_option
@shared
def list_aliases(as_json: bool) -> None:
    """List the aliases, what each stands for, and since when."""
    found = open_container().aliases.all().values()
    if as_json:
        rows = [
            {"name": one.name, "collection": one.collection, "switched_at": one.switched_at}
            for one in found
        ]
        say(json.dumps({"aliases": rows}))
        return
    for one in found:
        say(f"{one.name}\t{one.collection}\t{one.switched_at}")


@aliases.command("remove")
@click.argument("name")
@shared
def remove_alias(name: str) -> None:
    """Remove an alias; the collection stays."""
    open_container().aliases.remove(name)
    say(f"removed the alias {name!r}")
