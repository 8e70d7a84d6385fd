"""What several collections answer together, as a table, as lines, or as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from api.cli.output.answers import hit_json, print_facet, print_hits
from api.cli.output.sheets import print_paths
from api.cli.search_query import is_record, query_of
from api.container import Container
from api.operations.searching_across import AcrossAnswer, search_across
from api.terminal import say
from binocle.collection.collection import Collection
from search.query.query import Query
from search.query.stored_words import stored_words
from search.query.warnings import price_field


def print_across(
    names: Sequence[str],
    container: Container,
    typed: Mapping[str, Any],
    *,
    ending: str | None,
    as_json: bool,
    with_tokens: bool = False,
) -> None:
    """Search several collections for what was typed, and print what they have found.

    Args:
        names: Of the collections, or of aliases.
        container: Has them.
        typed: As for ``query_of``.
        ending: Behind each path, where only these are wanted.
        as_json: Whether one JSON object is.
        with_tokens: Also what the next page is asked with.
    """

    def query_for(collection: Collection) -> Query:
        find_price = partial(price_field, collection)
        return query_of(typed, partial(is_record, collection), find_price, stored_words(collection))

    answer = search_across(container, [one.strip() for one in names], query_for)
    merged = answer.merged
    if ending is not None:
        print_paths([hit for _, hit in merged.hits], end=ending)
    elif as_json:
        say(json.dumps(_as_json(answer), ensure_ascii=False))
    else:
        _print(answer, with_tokens=with_tokens)
    for name, error in answer.errors.items():
        say(f"Error: {name}: {' '.join(str(error).split())}", err=True)
    for warning in merged.warnings:
        say(f"Note: {warning}", err=True)


def _as_json(answer: AcrossAnswer) -> dict[str, Any]:
    merged = answer.merged
    return {
        "hits": [
            {
                "collection": name,
                **hit_json(hit),
                "others": [
                    {"collection": beside, **hit_json(other)}
                    for beside, other in merged.others_of(place)
                ],
            }
            for place, (name, hit) in enumerate(merged.hits)
        ],
        "cursor": merged.cursor,
        "turn": answer.turn,
        "no_match": merged.no_match,
        "relevant": merged.relevant,
        "relevant_error": merged.relevant_error,
        "facets": [asdict(one) for one in merged.facets],
        "collections": [
            *(
                {"collection": name, "hits": merged.shown[name], "relevant": one.relevant}
                for name, one in answer.answers.items()
            ),
            *({"collection": name, "error": str(one)} for name, one in answer.errors.items()),
        ],
    }


def _print(answer: AcrossAnswer, *, with_tokens: bool) -> None:
    merged = answer.merged
    if not merged.hits:
        say("nothing fits" if merged.no_match else "nothing matches", err=True)
        return
    if merged.no_match:
        say("nothing fits well; nearest are:", err=True)
    hits, names = [], []
    for place, (name, hit) in enumerate(merged.hits):
        others = merged.others_of(place)
        hits.append(replace(hit, others=tuple(one for _, one in others)))
        names += [name, *(beside for beside, _ in others)]
    print_hits(hits, answer.query, names)
    for facet in merged.facets:
        print_facet(facet)
    if with_tokens and merged.cursor is not None:
        say(f"next page: the same with --cursor {merged.cursor}", err=True, dim=True)
    if with_tokens and (turn := answer.turn) is not None:
        say(f"to refine it: --refine {turn}", err=True, dim=True)
