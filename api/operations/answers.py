"""An answer as JSON: what both doors tell of it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from binocle.types import Hit
from search.results.answer import Answer


def answer_as_json(answer: Answer, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    """Return an answer as a JSON object.

    Args:
        answer: What a search found.
        shown: Returns what a door tells of a hit in its own way: where it lies, its part.
    """
    return {
        "hits": [_hit(hit, shown) for hit in answer.hits],
        "cursor": answer.cursor,
        "target": answer.target,
        "exact": answer.exact,
        "mode": answer.mode,
        "no_match": answer.no_match,
        "unrated": answer.unrated,
        "relevant": answer.relevant,
        "facets": [asdict(facet) for facet in answer.facets],
        "turn": answer.turn,
        "looking_for": answer.looking_for,
    }


def _hit(hit: Hit, shown: Callable[[Hit], dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": hit.record.id,
        "score": hit.score,
        "similarity": hit.similarity,
        "relevance": hit.relevance,
        "contributions": [asdict(one) for one in hit.contributions],
        "kind": hit.part.kind,
        **shown(hit),
        "metadata": dict(hit.record.metadata),
        "group_value": hit.group_value,
        "group_size": hit.group_size,
        "others": [_hit(other, shown) for other in hit.others],
    }
