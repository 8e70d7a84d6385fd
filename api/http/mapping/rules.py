"""Ranking rules between the wire and the catalogue; on which condition they are changed."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header, Response

from api.http.errors.problems import ServiceError
from api.http.schemas.common import Problem
from api.http.schemas.ranking.rules import MoveOut, RulesIn, RulesOut, TriedOut, VersionOut
from api.operations.ranking_rules import TriedQuery
from binocle.catalog.stored_rules import StoredRules
from binocle.errors import RulesError

IfMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags of the draft as it was read, or *: else 412"),
]
CONDITIONAL: dict[int | str, dict[str, Any]] = {
    412: {"description": "The draft is another one by now", "model": Problem}
}


def rules_etag(stored: StoredRules | None) -> str:
    """Return what rules are told from others by."""
    return '"none"' if stored is None else f'"{stored.version}-{stored.sha256[:20]}"'


def version_out(stored: StoredRules) -> VersionOut:
    """Return which version rules are."""
    return VersionOut(version=stored.version, at=stored.at, note=stored.note)


def rules_out(stored: StoredRules | None) -> RulesOut:
    """Return rules as they were put.

    Raises:
        RulesError: They are damaged.
    """
    if stored is None:
        return RulesOut(version=0, at=None, note="", rules=RulesIn())
    if not stored.is_whole:
        raise RulesError("these rules are damaged: they are not what was stored; put them again")
    rules = RulesIn.model_validate(json.loads(stored.document))
    return RulesOut(version=stored.version, at=stored.at, note=stored.note, rules=rules)


def rules_answer(stored: StoredRules | None, response: Response) -> RulesOut:
    """Return rules as they were put, and have a response carry their ETag."""
    response.headers["ETag"] = rules_etag(stored)
    return rules_out(stored)


def document_of(body: RulesIn) -> dict[str, Any]:
    """Return rules as they are stored: without what was not given."""
    return body.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)


def matching_rules(if_match: str | None) -> Callable[[StoredRules | None], None]:
    """Return what checks that a draft has one of the ETags of a header, if there is one.

    What it returns raises ``ServiceError`` 412 where it has none of them.
    """
    wanted = [one.strip() for one in (if_match or "").split(",") if one.strip()]

    def check(draft: StoredRules | None) -> None:
        is_any = "*" in wanted and draft is not None
        if if_match is not None and not is_any and rules_etag(draft) not in wanted:
            detail = f"the draft is another one: its ETag is {rules_etag(draft)} now; read it again"
            raise ServiceError(412, "changed", detail, field="header.if-match")

    return check


def tried_out(tried: TriedQuery) -> TriedOut:
    """Return what a draft changes for one query."""
    return TriedOut(
        query=tried.query,
        moves=[MoveOut(id=one.id, before=one.before, after=one.after) for one in tried.moves],
        before=list(tried.before),
        after=list(tried.after),
        relevant_before=tried.relevant_before,
        relevant_after=tried.relevant_after,
        looking_for=tried.looking_for,
        error=None if tried.error is None else str(tried.error),
    )
