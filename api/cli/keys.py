"""``binocle keys``: the HTTP service's API keys."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import click

from api.cli.options import open_container, shared
from api.keys.key import GRANTS, MAX_REQUESTS_PER_MINUTE, Access
from api.keys.key_ring import KeyRing
from api.keys.key_uses import KeyUses
from api.terminal import say

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _span(value: str) -> timedelta:
    """Read a time span such as 30m, 12h or 90d."""
    found = re.fullmatch(r"(\d{1,6})([mhd])", value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no time span; write it as 30m, 12h or 90d")
    return int(found[1]) * _UNITS[found[2]]


def _moment(value: str) -> datetime:
    """Read a time span from now on, or a date."""
    if re.fullmatch(r"\d+[mhd]", value):
        return datetime.now(UTC) + _span(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no time; write it as 90d or 2027-03-31") from error
    return moment if moment.tzinfo else moment.astimezone()


@click.group()
@shared
def keys() -> None:
    """Make, list, rotate and revoke the HTTP service's API keys."""


@keys.command("add")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(list(GRANTS)),
    default="read",
    show_default=True,
    help="What it may do: search; store and remove, too; keys and all else, too; only backups.",
)
@click.option("--write", is_flag=True, help="The same as --scope write.")
@click.option(
    "-c",
    "--collection",
    "collections",
    multiple=True,
    metavar="NAME",
    help="Only for this collection; may be repeated.",
)
@click.option("--expires", type=_moment, metavar="WHEN", help="When it ends: 90d, 2027-03-31.")
@click.option(
    "--requests-per-minute",
    type=click.IntRange(1, MAX_REQUESTS_PER_MINUTE),
    help="How often it may ask; as often as it likes, if not given.",
)
@shared
def add_key(
    name: str,
    scope: str,
    write: bool,
    collections: Sequence[str],
    expires: datetime | None,
    requests_per_minute: int | None,
) -> None:
    """Make a key and print it, once: only its hash is kept."""  # fmt: skip
    access = cast(Access, "write" if write and scope == "read" else scope)
    ring = KeyRing(_home() / "keys.json")
    secret = ring.add(
        name,
        access,
        tuple(collections) or None,
        expires_at=expires,
        requests_per_minute=requests_per_minute,
    )
    say(secret)


@keys.command("list")
@shared
def list_keys() -> None:
    """List the keys' names, what they may do, when they were made, last used, and end."""
    uses = KeyUses(_home() / "key-uses.json").last()
    for key in KeyRing(_home() / "keys.json").all():
        where = ", ".join(key.collections) if key.collections else "all collections"
        used = f"used {uses[key.identity]}" if key.identity in uses else "not used"
        ends = f"{'expired' if key.has_expired() else 'expires'} {key.expires_at}"
        told = [key.name, key.access, where, key.created_at, used]
        if key.requests_per_minute is not None:
            told.append(f"{key.requests_per_minute} requests a minute")
        say("\t".join([*told, ends if key.expires_at else "does not expire"]))


@keys.command("rotate")
@click.argument("name")
@click.option(
    "--grace", type=_span, default="0m", metavar="SPAN", help="How long the old one still works."
)
@click.option("--expires", type=_moment, metavar="WHEN", help="When it ends: 90d, 2027-03-31.")
@shared
def rotate_key(name: str, grace: timedelta, expires: datetime | None) -> None:
    """Print a new secret for a key; the old one ends, at once or after a while."""  # fmt: skip
    say(KeyRing(_home() / "keys.json").rotate(name, grace=grace, expires_at=expires))


@keys.command("revoke")
@click.argument("name")
@shared
def revoke_key(name: str) -> None:
    """Revoke a key; a running service refuses it from its next request on."""
    KeyRing(_home() / "keys.json").revoke(name)
    say(f"revoked {name}")


def _home() -> Path:
    return open_container().settings.home
