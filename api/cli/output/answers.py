"""How an answer looks: a table for a person, plain lines for a pipe, JSON for a program."""

import json
import sys
from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import Any

import click

from api.cli.output.tables import print_table
from api.http.mapping.answers import answer_as_json, hit_as_json
from binocle.collection.collection import Collection
from binocle.encoders import colour
from binocle.types import Hit, Scalar
from search.query.query import RELEVANCE, Query
from search.query.summary import summary_of
from search.results.answer import Answer, FacetCounts

_SHOWN_CHARACTERS = 300
_TITLES = ("title", "name", "caption")
_BAR_WIDTH = 24


def print_answer(answer: Answer, collection: Collection, query: Query, *, as_json: bool) -> None:
    """Print hits, facets, and how to go on."""
    if as_json:
        space = collection.space
        more = {"collection": collection.path.name, "model": space.name if space else None}
        document = {**answer_as_json(answer, hit_json), **more}
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    if answer.looking_for != summary_of(query) and sys.stdout.isatty():
        click.echo(f"looking for: {answer.looking_for}", err=True)
    if not answer.hits:
        why = f": {answer.unrated}" if answer.no_match and answer.unrated else ""
        click.echo(f"nothing fits{why}" if answer.no_match else "nothing matches", err=True)
    elif answer.no_match:
        click.echo("nothing fits well; nearest are:", err=True)
    elif answer.unrated and sys.stdout.isatty():
        click.echo(f"nobody can tell how relevant these are: {answer.unrated}", err=True)
    if answer.hits:
        print_hits(answer.hits, query)
    for facet in answer.facets:
        print_facet(facet)
    if sys.stdout.isatty():
        _print_how_to_go_on(answer)
    space = collection.space
    hits = answer.hits
    if hits and space and space.name == colour.NAME and not any(hit.similarity for hit in hits):
        click.echo(
            "Note: the model 'colour' knows colours only, and none of these words; for meaning, "
            "index with another --model ('binocle models' lists good ones)",
            err=True,
        )


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as the command line tells it to programs."""
    return hit_as_json(hit, _shown)


def _shown(hit: Hit) -> dict[str, Any]:
    part = {"id": hit.part.id, "role": hit.part.role, "uri": hit.part.uri}
    metadata = dict(hit.record.metadata)
    return {"uri": hit.record.uri, "part": part, "text": hit.part.text, "metadata": metadata}


def print_hits(hits: Sequence[Hit], query: Query, collections: Sequence[str] = ()) -> None:
    """Print hits as a table.

    Args:
        hits: In order.
        query: What found them.
        collections: Of each, where several were searched.
    """
    rated = any(hit.relevance is not None for hit in hits)
    shown = [one.field for one in query.sort if one.field not in (RELEVANCE, "id", "uri")]
    grouped = [query.group.field] if query.group else []
    said = {one.ranking for hit in hits for one in hit.contributions}
    rankings = said - {"boost", "pin"}
    fused = any(len(hit.contributions) > 1 for hit in hits) and sys.stdout.isatty()
    is_close = not rated and len(rankings) < 2  # fused ranks are in another order than cosines
    header = [
        "similarity" if is_close else "relevance",
        *(["collection"] if collections else []),
        "record",
        *grouped,
        *shown,
        "found",
        *(["because of"] if fused else []),
    ]
    rows = [
        [
            _closeness(hit, is_close=is_close) if query.terms or query.refine else "–",
            *collections[number : number + 1],
            hit.record.id,
            *(_group_of(hit, depth) for _ in grouped),
            *(_value(hit, name) for name in shown),
            _found(hit),
            *([_reason(hit)] if fused else []),
        ]
        for number, (depth, hit) in enumerate(_flat(hits))
    ]
    print_table(header, rows)


def _flat(hits: Sequence[Hit]) -> Iterator[tuple[int, Hit]]:
    """Yield each hit with 0, and the others of its group behind it with 1."""
    for hit in hits:
        yield 0, hit
        for other in hit.others:
            yield 1, other


def _closeness(hit: Hit, *, is_close: bool) -> str:
    """Return a hit's relevance or similarity; of one that only words found there may be none."""
    if not is_close:
        return "–" if hit.relevance is None else f"{100 * hit.relevance:.0f} %"
    by_words = all(one.ranking == "keyword" for one in hit.contributions) and hit.contributions
    return "–" if by_words and not hit.similarity else f"{hit.similarity:.3f}"


def _group_of(hit: Hit, depth: int) -> str:
    if depth:
        return "  ″"
    if hit.group_value is None:
        return "–"
    return f"{hit.group_value} ({hit.group_size:,})" if hit.group_size > 1 else str(hit.group_value)


def _value(hit: Hit, field: str) -> str:
    value = hit.record.metadata.get(field, "–")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _reason(hit: Hit) -> str:
    """Return which rankings found a hit, by which words, and which rules moved it."""
    parts = []
    for one in sorted(hit.contributions, key=lambda one: -one.share):
        words = f" ({', '.join(one.words)})" if one.words else ""
        if one.ranking in ("boost", "pin"):
            parts.append("pinned" if one.ranking == "pin" else f"{one.name} ×{one.factor:.2f}")
            continue
        parts.append(f"{one.ranking} {100 * one.share:.0f} %{words}")
    return ", ".join(parts)


def _found(hit: Hit) -> str:
    """Return what a person recognises a hit by: its text, its title, or where its picture lies."""
    if hit.part.text:
        return shorten(hit.part.text, _SHOWN_CHARACTERS, placeholder="…")
    metadata = hit.record.metadata
    titled = next((metadata[name] for name in _TITLES if name in metadata), None)
    where = hit.part.uri
    return f"{shorten(str(titled), 100, placeholder='…')}  {where}" if titled else where


def print_facet(facet: FacetCounts) -> None:
    """Print the counts of a facet."""
    rows = [(_label(facet, number), one.count) for number, one in enumerate(facet.buckets)]
    rows += [
        (f"({what})", count)
        for what, count in (("others", facet.others), ("none", facet.missing))
        if count
    ]
    if not sys.stdout.isatty():
        click.echo()
        for label, count in rows:
            click.echo(f"{facet.field}\t{label}\t{count}")
        return
    most = max((count for _, count in rows), default=1) or 1
    table = [(label, f"{count:,}", "█" * round(_BAR_WIDTH * count / most)) for label, count in rows]
    print_table((facet.field, "records", ""), table)


def _label(facet: FacetCounts, number: int) -> str:
    bucket = facet.buckets[number]
    if bucket.end is None or facet.kind == "dates":
        return _short(bucket.value)
    return f"{_short(bucket.value)} – {_short(bucket.end)}"


def _short(value: Scalar) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _print_how_to_go_on(answer: Answer) -> None:
    if answer.relevant is not None:
        shown = len(answer.hits)
        told = f"{shown:,} of {answer.relevant:,} shown"
        if shown > answer.relevant:  # only sorting, grouping and cutting leave out what fits less
            told = f"{answer.relevant:,} fit{'s' * (answer.relevant == 1)}; {shown:,} nearest shown"
        click.secho(told, err=True, dim=True)
    if answer.cursor is not None:
        click.secho(f"next page: the same with --cursor {answer.cursor}", err=True, dim=True)
    if answer.turn is not None:
        click.secho(f"narrow it: binocle search … --refine {answer.turn}", err=True, dim=True)
