"""How an answer looks: a table for a person, plain lines for a pipe, JSON for a program."""

import json
import sys
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import shorten
from typing import Any

from api.cli.output.tables import print_table
from api.http.mapping.answers import answer_as_json, hit_as_json
from api.terminal import say
from binocle.collection.collection import Collection
from binocle.encoders import colour
from binocle.types import Hit, Scalar
from search.query.query import RELEVANCE, Query
from search.query.summary import summary_of
from search.results.answer import Answer, FacetCounts

_SHOWN_CHARACTERS = 300
_TITLES = ("title", "name", "caption")
_BAR_WIDTH = 24
_SHORTEST_PATH, _OTHER_COLUMNS = 32, 44  # characters of a terminal's line


def print_answer(
    answer: Answer,
    collection: Collection,
    query: Query,
    *,
    as_json: bool,
    with_tokens: bool = False,
) -> None:
    """Print hits and facets.

    Args:
        answer: What was found.
        collection: Where.
        query: What was asked.
        as_json: All of it, for programs.
        with_tokens: On a terminal also what the next page and a refinement are asked with.
    """
    if as_json:
        _print_json(answer, collection)
        return
    if answer.looking_for != summary_of(query) and sys.stdout.isatty():
        say(f"looking for: {answer.looking_for}", err=True)
    if not answer.hits:
        why = f": {answer.unrated}" if answer.no_match and answer.unrated else ""
        say(f"nothing fits{why}" if answer.no_match else "nothing matches", err=True)
    elif answer.no_match:
        say("nothing fits well; nearest are:", err=True)
    elif answer.unrated and sys.stdout.isatty():
        say(f"nobody can tell how relevant these are: {answer.unrated}", err=True)
    if answer.hits:
        print_hits(answer.hits, query)
    for facet in answer.facets:
        print_facet(facet)
    _print_how_to_go_on(answer, with_tokens=with_tokens)
    space = collection.space
    hits = answer.hits
    if hits and space and space.name == colour.NAME and not any(hit.similarity for hit in hits):
        say(
            "Note: the model 'colour' knows colours only, and none of these words; for meaning, "
            "index with another --model ('binocle models' lists good ones)",
            err=True,
        )


def _print_json(answer: Answer, collection: Collection) -> None:
    space = collection.space
    more = {"collection": collection.path.name, "model": space.name if space else None}
    document = {**answer_as_json(answer, hit_json), **more}
    say(json.dumps(document, ensure_ascii=False))


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
    flat = list(_flat(hits))
    are_named = not sys.stdout.isatty() or not all(_is_file(hit) for _, hit in flat)
    header = [
        "similarity" if is_close else "relevance",
        *(["collection"] if collections else []),
        *(["record"] if are_named else []),
        *grouped,
        *shown,
        "found",
        *(["because of"] if fused else []),
    ]
    rows = [
        [
            _closeness(hit, is_close=is_close) if query.terms or query.refine else "–",
            *collections[number : number + 1],
            *([hit.record.id] if are_named else []),
            *(_group_of(hit, depth) for _ in grouped),
            *(_value(hit, name) for name in shown),
            _found(hit),
            *([_reason(hit)] if fused else []),
        ]
        for number, (depth, hit) in enumerate(flat)
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


def _is_file(hit: Hit) -> bool:
    """Tell whether a record's id is the end of its file's name, and says nothing beside that."""
    return hit.part.text is None and f"/{hit.part.uri}".endswith(f"/{hit.record.id}")


def _found(hit: Hit) -> str:
    """Return what a person recognises a hit by: its text, its title, or where its picture lies.

    On a terminal long paths lose their middle: their ends tell them apart.
    """
    if hit.part.text:
        return shorten(hit.part.text, _SHOWN_CHARACTERS, placeholder="…")
    metadata = hit.record.metadata
    titled = next((metadata[name] for name in _TITLES if name in metadata), None)
    where = _clipped(hit.part.uri) if sys.stdout.isatty() else hit.part.uri
    title = shorten(str(titled), 100, placeholder="…") if titled else ""
    if title and sys.stdout.isatty() and _last(hit.part.uri) == _last(hit.record.id):
        return title
    return f"{title}  {where}" if title else where


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _clipped(path: str) -> str:
    most = max(_SHORTEST_PATH, get_terminal_size().columns - _OTHER_COLUMNS)
    if len(path) <= most:
        return path
    tail = path[-(2 * most // 3) :]
    return f"{path[: most - len(tail) - 1]}…{tail}"


def print_facet(facet: FacetCounts) -> None:
    """Print the counts of a facet."""
    rows = [(_label(facet, number), one.count) for number, one in enumerate(facet.buckets)]
    rows += [
        (f"({what})", count)
        for what, count in (("others", facet.others), ("none", facet.missing))
        if count
    ]
    if not sys.stdout.isatty():
        say()
        for label, count in rows:
            say(f"{facet.field}\t{label}\t{count}")
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


def _print_how_to_go_on(answer: Answer, *, with_tokens: bool) -> None:
    """Tell on a terminal how many there are, and where it was asked how to get more of them."""
    if answer.relevant is not None and sys.stdout.isatty():
        shown = len(answer.hits)
        told = f"{shown:,} of {answer.relevant:,} shown"
        if shown > answer.relevant:  # only sorting, grouping and cutting leave out what fits less
            told = f"{answer.relevant:,} fit{'s' * (answer.relevant == 1)}; {shown:,} nearest shown"
        say(told, err=True, dim=True)
    if with_tokens and answer.cursor is not None:
        say(f"next page: the same with --cursor {answer.cursor}", err=True, dim=True)
    if with_tokens and answer.turn is not None:
        say(f"narrow it: binocle search … --refine {answer.turn}", err=True, dim=True)
