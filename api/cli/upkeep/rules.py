"""``binocle rules``: what a shop says of its ranking."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import (
    PATH,
    collection_option,
    engine_options,
    json_option,
    limit_option,
    open_container,
    shared,
)
from api.terminal import say
from binocle.errors import UsageError
from binocle.files import read_regular

if TYPE_CHECKING:
    from api.operations.ranking_rules import MovedHit, TriedQuery
    from binocle.catalog.stored_rules import StoredRules

_DRAFT = 0


@click.group()
@shared
def rules() -> None:
    """Synonyms, pinned and hidden records, boosts: put a draft, try it, publish it.

    \b
    binocle rules show -c shop > rules.json
    binocle rules set rules.json -c shop
    binocle rules try "red dress" sofa -c shop
    binocle rules publish -c shop --note "winter sale"
    binocle rules back 3 -c shop
    """


@rules.command("show")
@collection_option
@click.option("--draft", is_flag=True, help="The draft, not what searches go by.")
@click.option("--version", type=click.IntRange(1), metavar="N", help="An earlier version.")
@shared
def show_rules(collection: str, draft: bool, version: int | None) -> None:
    """Print the rules that searches go by, as JSON that 'binocle rules set' takes."""
    from api.operations.ranking_rules import EMPTY, live_rules, rules_of

    if draft and version is not None:
        raise UsageError("--draft and --version name different rules; give one of them")
    with open_container().open_collection(collection) as opened:
        if draft or version is not None:
            stored: StoredRules | None = rules_of(opened, version or _DRAFT)
        else:
            stored = live_rules(opened)
    document = EMPTY if stored is None else json.loads(stored.document)
    say(json.dumps(document, ensure_ascii=False, indent=2))
    say("no rules were published yet" if stored is None else _title(stored), err=True)


@rules.command("set")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@collection_option
@shared
def set_rules(file: Path, collection: str) -> None:
    """Put the rules in a JSON file as the draft; - reads what is piped. Searches stay as they are.

    docs/ranking-rules.md says what they may be.
    """
    from api.operations.ranking_rules import put_draft, rules_doubts
    from search.rules.rules_document import read_rules

    text = _read(file)
    read_rules(text)  # what is wrong is told before anything is opened
    with open_container().open_collection(collection) as opened:
        stored = put_draft(opened, text)
        doubts = rules_doubts(opened, read_rules(stored.document))
    for doubt in doubts:
        say(f"Note: {doubt}", err=True)
    say(f"the draft is kept; 'binocle rules try -c {collection} QUERY' shows what it changes")


@rules.command("discard")
@collection_option
@shared
def discard_draft(collection: str) -> None:
    """Forget the draft."""
    from api.operations.ranking_rules import remove_draft, rules_of

    with open_container().open_collection(collection) as opened:
        rules_of(opened, _DRAFT)
        remove_draft(opened)
    say("the draft is gone")


@rules.command("try")
@click.argument("queries", nargs=-1, metavar="QUERY...")
@click.option(
    "--queries", "file", type=PATH, metavar="FILE", help="Such as people type, a line each."
)
@collection_option
@limit_option(10, 100, "hits of each query are held against each other")
@engine_options
@json_option
@shared
def try_rules(
    queries: Sequence[str],
    file: Path | None,
    collection: str,
    limit: int,
    as_json: bool,
    **engine: Any,
) -> None:
    """Show what the draft changes: which hits come in, go out and move, for each query."""
    from api.operations.ranking_rules import try_draft

    lines = _read(file).decode(errors="replace").splitlines() if file is not None else []
    asked = [*queries, *(line.strip() for line in lines if line.strip())]
    container = open_container(**engine)
    with container.open_collection(collection) as opened:
        tried = try_draft(container.searcher(opened), asked, limit=limit)
    if as_json:
        say(json.dumps([_as_json(one) for one in tried], ensure_ascii=False))
        return
    for one in tried:
        _print_tried(one)
    changed = sum(bool(one.moves) for one in tried)
    say(f"{changed} of {len(tried)} queries have other hits", err=True)


@rules.command("publish")
@click.option("--note", default="", metavar="TEXT", help="Kept with the version.")
@collection_option
@shared
def publish_rules(note: str, collection: str) -> None:
    """Have searches go by the draft, from the next one on."""
    from api.operations.ranking_rules import publish_draft

    with open_container().open_collection(collection) as opened:
        stored = publish_draft(opened, note)
    say(f"searches go by version {stored.version} now")


@rules.command("history")
@collection_option
@json_option
@shared
def list_versions(collection: str, as_json: bool) -> None:
    """List the versions that were published, newest first."""
    from api.operations.ranking_rules import rules_versions

    with open_container().open_collection(collection) as opened:
        found = rules_versions(opened)
    if as_json:
        lines = [{"version": one.version, "at": one.at, "note": one.note} for one in found]
        say(json.dumps(lines, ensure_ascii=False))
        return
    for one in found:
        say(_title(one))
    if not found:
        say("no rules were published yet", err=True)


@rules.command("back")
@click.argument("version", type=click.IntRange(1))
@click.option("--note", default="", metavar="TEXT", help="Kept with the version.")
@collection_option
@shared
def go_back_to(version: int, note: str, collection: str) -> None:
    """Publish an earlier VERSION once more. A draft stays as it is."""
    from api.operations.ranking_rules import go_back

    with open_container().open_collection(collection) as opened:
        stored = go_back(opened, version, note)
    say(f"searches go by version {stored.version} now, which is as {version} was")


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read()
        return read_regular(file.expanduser())
    except OSError as error:
        raise UsageError(f"cannot read {file} ({error.strerror})") from error


def _title(stored: "StoredRules") -> str:
    what = f"version {stored.version}" if stored.version else "the draft"
    return f"{what}, of {stored.at}" + (f": {stored.note}" if stored.note else "")


def _as_json(one: "TriedQuery") -> dict[str, Any]:
    from dataclasses import asdict

    found = asdict(one) | {"moves": [asdict(move) for move in one.moves]}
    return found | {"error": None if one.error is None else str(one.error)}


def _print_tried(one: "TriedQuery") -> None:
    if one.error is not None:
        say(f"{one.query}: {one.error}", err=True)
        return
    relevant = f"{_count(one.relevant_before)} → {_count(one.relevant_after)} relevant"
    say(f"{one.query}: {relevant}" + ("" if one.moves else ", the same hits"))
    for move in one.moves:
        say(f"  {_move(move)}  {move.id}")


def _move(move: "MovedHit") -> str:
    if move.before is None:
        return f"in   {move.after:>4}        "
    if move.after is None:
        return f"out  {move.before:>4}        "
    return f"{'up  ' if move.after < move.before else 'down'} {move.before:>4} → {move.after:<4} "


def _count(relevant: int | None) -> str:
    return "?" if relevant is None else f"{relevant:,}"
