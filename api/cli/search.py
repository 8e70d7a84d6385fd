"""``binocle search``: its options."""

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from api.cli.options import (
    PATH,
    collection_option,
    engine_options,
    json_option,
    limit_option,
    open_container,
    options,
    shared,
    where_option,
)
from api.terminal import say
from binocle.part_kinds import KIND_NAMES

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from api.container import Container
    from binocle.collection.collection import Collection
    from search.query.query import Query
    from search.results.answer import Answer


class SearchCommand(click.Command):
    """A command with an option for each plain part of a search that it does not name itself.

    A switch, a number or a choice that HTTP takes and that a query has by the same name need not
    be written down here: ``SearchIn.collapse`` is ``--collapse``.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its arguments and options."""
        from api.http.schemas.search import SearchIn
        from search.query.query import Query

        *own, help_option = super().get_params(ctx)
        parts = {part.name for part in fields(Query)} - {one.name for one in own}
        more = [_option(*one) for one in SearchIn.model_fields.items() if one[0] in parts]
        return [*own, *filter(None, more), help_option]


@dataclass(frozen=True, slots=True)
class _Output:
    """In which ways an answer is shown, by the options of their names."""

    ending: str | None
    sheet: Path | None
    is_opened: bool
    is_shown: bool
    with_tokens: bool
    as_json: bool

    def check(self, collection: str) -> None:
        """Refuse what cannot be done before anything is searched.

        Raises:
            StorageError: The page cannot be written.
            UsageError: Nothing can be drawn here, or of several collections.
        """
        if "," in collection and (self.sheet is not None or self.is_opened or self.is_shown):
            raise click.UsageError(
                "--sheet, --open and --show show one collection; name one with -c"
            )
        if self.sheet is not None:
            from api.operations.duplicates_report import PAGE_SUFFIXES, check_writable

            check_writable(self.sheet, *PAGE_SUFFIXES)
        if self.is_shown:
            from api.cli.output.shown_pictures import check_showable

            check_showable()

    def give(
        self, answer: "Answer", query: "Query", collection: "Collection", container: "Container"
    ) -> None:
        """Show an answer."""
        from api.cli.output.answers import print_answer
        from api.cli.output.sheets import print_paths, write_sheet

        if self.sheet is not None or self.is_opened:
            write_sheet(answer, collection, container, self.sheet, is_opened=self.is_opened)
        if self.is_shown:
            from api.cli.output.shown_pictures import show

            show(answer, collection, container)
        if self.ending is not None:
            print_paths(answer.hits, end=self.ending)
        else:
            print_answer(
                answer, collection, query, as_json=self.as_json, with_tokens=self.with_tokens
            )

    def give_across(
        self, collections: Sequence[str], container: "Container", typed: Mapping[str, Any]
    ) -> None:
        """Search several collections for what was typed, and show what was found."""
        from api.cli.output.across import print_across

        print_across(
            collections,
            container,
            typed,
            ending=self.ending,
            as_json=self.as_json,
            with_tokens=self.with_tokens,
        )


def _option(name: str, field: "FieldInfo") -> click.Option | None:
    """Return the option that a field of a search makes; None for one of several parts."""
    kinds = [one for one in get_args(field.annotation) if one is not NoneType] or [field.annotation]
    if get_origin(field.annotation) is Literal:
        kinds = [field.annotation]
    limits = [[getattr(one, end, None) for one in field.metadata] for end in ("ge", "le")]
    least, most = (next((one for one in ends if one is not None), None) for ends in limits)
    kind: click.ParamType[Any] | None = None
    match kinds:
        case [builtins.bool]:
            kind = click.BOOL
        case [builtins.int]:
            kind = click.IntRange(least, most)
        case [builtins.float]:
            kind = click.FloatRange(least, most)
        case [choice] if get_origin(choice) is Literal:
            kind = click.Choice(get_args(choice))
    if kind is None:
        return None
    return click.Option(
        [f"--{name.replace('_', '-')}"],
        type=kind,
        is_flag=kind is click.BOOL,
        default=field.default,
        help=f"{field.description or name.replace('_', ' ').capitalize()}.",
    )


@click.command(cls=SearchCommand)
@click.argument("text", nargs=-1)
@options(
    click.option("--text", "texts", multiple=True, metavar="TEXT",
                 help="Look for this as well; may be repeated."),
    click.option("--not", "--without", "without", multiple=True, metavar="TEXT",
                 help="Stay away from this."),
    click.option("--image", "images", multiple=True, metavar="PATH",
                 help="Find what is like this picture."),
    click.option("--like", multiple=True, metavar="RECORD",
                 help="Find what is like this record, or this picture; may be repeated."),
    click.option("--unlike", multiple=True, metavar="RECORD", help="Stay away from its like."),
    click.option("--url", "urls", multiple=True, metavar="URL",
                 help="Find what is like this picture from the web, where BINOCLE_FETCH_URLS "
                 "allows it."),
    click.option("--region", "regions", multiple=True, metavar="X,Y,W,H",
                 help="Only this part of the picture or record, as fractions: 0.5,0,0.5,1 is the "
                 "right half."),
    collection_option,
    limit_option(10, 10_000, "hits"),
    click.option("--target", type=click.Choice([*KIND_NAMES, "any"]),
                 help="What to find; pictures by default, texts where there are none."),
    where_option(', such as "price < 100 and color in (Red, Blue)"'),
    click.option("--mode", type=click.Choice(["semantic", "keyword", "hybrid"]),
                 help="By meaning, by words, or by both; both where records have words."),
    click.option("--weights", metavar="LIST",
                 help="Of the rankings, such as keyword=2,text=0.5."),
    click.option("--sort", multiple=True, metavar="FIELD",
                 help="Order what is relevant: price, or -price for the dearest first; may be "
                 "repeated."),
    click.option("--facet", "facets", multiple=True, metavar="FIELD",
                 help="Count what is relevant: color, price:numbers:5, taken_at:month; may be "
                 "repeated."),
    click.option("--group-by", "--group", "group_by", metavar="FIELD",
                 help="One hit for each value; style:3 shows three."),
    click.option("--diverse", "--diversity", "diversity", default=0.0, type=click.FloatRange(0, 1),
                 metavar="SHARE", help="How unlike each other hits shall be, 0 to 1."),
    click.option("--min-relevance", metavar="SHARE",
                 help="Leave out what is less relevant: 0.3, 30%, or auto."),
    click.option("--language", metavar="CODE",
                 help="What the words are in, such as de: of ranking rules for one, only those "
                 "hold."),
    click.option("--optional", multiple=True, metavar="WORD",
                 help="Relevant hits need not have this word of TEXT; may be repeated."),
    click.option("--cursor", metavar="CURSOR", help="Go on behind an earlier answer."),
    click.option("--exact", is_flag=True, help="Scan everything, however large."),
    click.option("--refine", metavar="TURN", help="Change the earlier search that gave this turn."),
    click.option("--remove", multiple=True, metavar="TEXT",
                 help="Of it: drop this text or record."),
    click.option("--swap", multiple=True, nargs=2, metavar="OLD NEW",
                 help="Of it: replace these words."),
    click.option("--replace", is_flag=True, help="Of it: drop everything that was looked for."),
    click.option("--drop-filter", is_flag=True, help="Of it: drop the filter."),
)  # fmt: skip
@options(
    click.option("--paths", "ending", flag_value="\n", help="Print where the hits lie, only that."),
    click.option("--paths0", "ending", flag_value="\0",
                 help="The same with zero bytes between, for xargs -0."),
    click.option("--sheet", metavar="FILE", type=PATH,
                 help="Write a page with the pictures there (.html)."),
    click.option("--open", "is_opened", is_flag=True, help="Show that page in a browser."),
    click.option("--show", "is_shown", is_flag=True,
                 help="Draw the pictures on the terminal."),
    click.option("--tokens", "with_tokens", is_flag=True,
                 help="Print what the next page and a refinement are asked with."),
    click.option("--no-resident", is_flag=True, expose_value=False,
                 help="Neither start nor use a process that keeps searches quick."),
)  # fmt: skip
@engine_options
@json_option
@shared
def search(
    collection: str,
    precision: str | None,
    device: str | None,
    **typed: Any,
) -> None:
    """Find records by TEXT, by a picture, by another record, or by several of these.

    What is to count more gets a weight behind it: --like "10008^2" --not "leather^0.3".

    \b
    binocle search a dog at the lake
    binocle search --image beach.jpg --not people
    binocle search "this bag, but red" --like 10008 --region 0,0,1,0.5
    binocle search "running shoes" --where "price < 60 and color = Red" --sort -price --facet brand
    binocle search "only at night" --refine TURN
    binocle search dog -k 100 --paths0 | xargs -0 feh
    binocle search "red bag" -c shop,outlet
    """
    from api.cli.search_query import is_record, query_of
    from search.query.stored_words import stored_words
    from search.query.warnings import price_field, query_doubts

    output = _Output(**{one.name: typed.pop(one.name) for one in fields(_Output)})
    output.check(collection)
    query_of(typed, lambda _: True)  # what is mistyped is told before anything is opened
    container = open_container(precision=precision, device=device)
    if "," in collection:
        output.give_across(collection.split(","), container, typed)
        return
    collection = container.began_in(collection, typed["cursor"] or typed["refine"])
    with container.open_collection(collection) as opened:
        find_price = partial(price_field, opened)
        query = query_of(typed, partial(is_record, opened), find_price, stored_words(opened))
        output.give(container.searcher(opened).search(query), query, opened, container)
        for doubt in query_doubts(opened, query):
            say(f"Note: {doubt}", err=True)
