"""From answers to JSON, as far as both doors tell the same."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from binocle.types import Hit
from search.results.answer import Answer


def answer_as_json(answer: Answer, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    """Return an answer as a JSON object, its hits as a door shows them."""
    return {
        "hits": [shown(hit) for hit in answer.hits],
        "cursor": answer.cursor,
        "target": answer.target,
        "exact": answer.exact,
        "mode": answer.mode,
        "no_match": answer.no_match,
        "unrated": answer.unrated,
        "relevant": answer.relevant,
        "relevant_error": answer.relevant_error,
        "facets": [asdict(facet) for facet in answer.facets],
        "turn": answer.turn,
        "looking_for": answer.looking_for,
        "reading": [asdict(piece) for piece in answer.reading],
    }


def hit_as_json(hit: Hit, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    """Return a hit as a JSON object, with what a door tells of it in its own way."""
    return {
        "id": hit.record.id,
        "score": hit.score,
        "similarity": hit.similarity,
        "relevance": hit.relevance,
        "contributions": [
            {
                "ranking": one.ranking,
                "rank": one.rank,
                "score": one.score,
                "share": one.share,
                "words": one.words,
                "name": one.name,
                "factor": one.factor,
            }
            for one in hit.contributions
        ],
        "kind": hit.part.kind,
        **shown(hit),
        "group_value": hit.group_value,
        "group_size": hit.group_size,
        "others": [hit_as_json(other, shown) for other in hit.others],
    }
