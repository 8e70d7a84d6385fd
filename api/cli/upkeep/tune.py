"""``binocle tune``."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api.cli.options import engine_options, json_option, open_container, shared
from api.terminal import say

if TYPE_CHECKING:
    from api.operations.upkeep.tuning import TunedIndex


@click.command()
@click.argument("collection", metavar="COLLECTION")
@click.option(
    "--recall",
    type=click.FloatRange(0.5, 1),
    default=0.99,
    show_default=True,
    help="How much of the ten nearest is to be found.",
)
@engine_options
@json_option
@shared
def tune(collection: str, recall: float, as_json: bool, **engine: object) -> None:
    """Choose how much of a large collection's indices searches look at.

    Takes up to 200 texts of the collection, or of a fixed list where it has few, finds what is
    nearest to each by a scan, and keeps how many lists of vectors must be looked into to find so
    much of it. Up to 100,000 pictures or texts everything is scanned, and there is nothing to
    choose. A service that runs takes the choice when it starts again.

    \b
    binocle tune shop
    binocle tune shop --recall 0.95
    """
    from api.operations.upkeep.tuning import tune as tuned

    container = open_container(**engine)
    with container.open_collection(collection) as opened:
        found = tuned(opened, lambda: container.encoder_of(opened), recall)
    if as_json:
        say(json.dumps([asdict(one) for one in found]))
    else:
        say("\n".join(map(_line, found)) or f"{collection} is empty: nothing to tune")


def _line(one: "TunedIndex") -> str:
    tuned = one.tuned
    if tuned is None:
        return f"{one.kind}: all {one.parts:,} are scanned, nothing to tune"
    return (
        f"{one.kind}: a search looks into {tuned.probed:,} of {tuned.lists:,} lists; "
        f"recall@10 {tuned.recall:.3f} of {tuned.queries} {one.asked}"
    )
