"""What the service answers about ranking rules."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """Which version rules are: from 1; 0 of a draft, and where none were published."""

    version: int
    note: str
    at: str | None = None


@dataclass(frozen=True, slots=True)
class RulesVersions:
    """The versions that are kept, newest first."""

    versions: list[RulesVersion]
    draft: bool


@dataclass(frozen=True, slots=True)
class RankingRules:
    """Rules as they were put, and which version they are.

    ``etag`` names this state of a draft; ``warnings`` tell what of one has no effect.
    """

    version: int
    note: str
    rules: dict[str, Any]
    at: str | None = None
    warnings: list[str] = field(default_factory=list)
    etag: str = ""


@dataclass(frozen=True, slots=True)
class RuleMove:
    """A hit whose place is another one by a draft; None: not among the first."""

    id: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class TriedQuery:
    """What a draft changes for one query."""

    query: str
    moves: list[RuleMove]
    before: list[str]
    after: list[str]
    relevant_before: int | None
    relevant_after: int | None
    looking_for: str
    error: str | None


@dataclass(frozen=True, slots=True)
class RulesTrial:
    """What a draft changes."""

    changed: int
    tried: list[TriedQuery]
