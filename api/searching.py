"""``binocle search``: its options, and the query they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from api.options import PATH, collection_option, engine_options, json_option, open_workshop, shared


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="PATH",
    type=PATH,
    help="Find what looks or reads like this picture.",
)
@click.option(
    "--like",
    "records",
    multiple=True,
    metavar="RECORD",
    help="Find what is like this record, by its id.",
)
@click.option("--without", multiple=True, metavar="TEXT", help="Stay away from this.")
@collection_option
@click.option(
    "-k",
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="How many hits.",
)
@click.option(
    "--target",
    type=click.Choice(["image", "text", "any"]),
    help="What to find; pictures by default, texts where there are none.",
)
@click.option(
    "--where",
    metavar="EXPR",
    help='Only records that pass, such as "price < 100 and color in (Red, Blue)".',
)
@click.option("--cursor", metavar="CURSOR", help="Go on behind an earlier answer (--json).")
@click.option("--exact", is_flag=True, help="Scan everything, however large.")
@engine_options
@json_option
@shared
def search(
    text: Sequence[str],
    images: Sequence[Path],
    records: Sequence[str],
    without: Sequence[str],
    collection: str,
    limit: int,
    target: Any,
    where: str | None,
    cursor: str | None,
    exact: bool,
    as_json: bool,
    **engine: Any,
) -> None:
    """Find records by TEXT, by a picture, by another record, or by several of these.

    \b
    binocle search a dog at the lake
    binocle search --image beach.jpg --without people
    binocle search "running shoes" --where "price < 60 and color = Red"
    """  # noqa: D301  # fmt: skip
    from api.printing import print_answer
    from search.advice import doubts
    from search.query import Query, Term
    from search.where import parse_where

    words = " ".join(text).strip()
    terms = [
        *([Term(text=words)] if words else []),
        *(Term(image=path) for path in images),
        *(Term(record=record) for record in records),
        *(Term(text=one, weight=-0.5) for one in without),
    ]
    parsed = parse_where(where) if where else None
    query = Query(tuple(terms), target, parsed, limit, cursor, exact)
    workshop = open_workshop(**engine)
    with workshop.open_collection(collection) as opened:
        answer = workshop.searcher(opened).search(query)
        print_answer(answer, opened, as_json=as_json)
        for doubt in doubts(opened, parsed) if parsed else ():
            click.echo(f"Note: {doubt}", err=True)
