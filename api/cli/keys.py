"""``binocle keys``: the HTTP service's API keys."""

from collections.abc import Sequence

import click

from api.cli.options import open_container, shared
from api.keys import KeyRing


@click.group()
@shared
def keys() -> None:
    """Make, list and revoke the HTTP service's API keys."""


@keys.command("add")
@click.argument("name")
@click.option("--write", is_flag=True, help="May store and remove, too.")
@click.option(
    "-c",
    "--collection",
    "collections",
    multiple=True,
    metavar="NAME",
    help="Only for this collection; may be repeated.",
)
@shared
def add_key(name: str, write: bool, collections: Sequence[str]) -> None:
    """Make a key and print it, once: only its hash is kept."""  # fmt: skip
    ring = _key_ring()
    click.echo(ring.add(name, "write" if write else "read", tuple(collections) or None))


@keys.command("list")
@shared
def list_keys() -> None:
    """List the keys' names and what they may do."""
    for key in _key_ring().all():
        where = ", ".join(key.collections) if key.collections else "all collections"
        click.echo(f"{key.name}\t{key.access}\t{where}\t{key.created_at}")


@keys.command("revoke")
@click.argument("name")
@shared
def revoke_key(name: str) -> None:
    """Revoke a key; a running service refuses it from its next request on."""
    _key_ring().revoke(name)
    click.echo(f"revoked {name}")


def _key_ring() -> KeyRing:
    return KeyRing(open_container().settings.home / "keys.json")
