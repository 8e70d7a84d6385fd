"""What to do about a picture that was looked up: rules of verdicts and confidences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from binocle.errors import QueryError
from search.copies.lookup_candidates import LookupCandidate
from search.copies.verdicts import COPIES, Verdict

OTHERWISE = "pass"
_ANY_COPY = "copy"
_NAMES = (*get_args(Verdict), _ANY_COPY)


@dataclass(frozen=True, slots=True)
class Rule:
    """An action for a verdict that is sure enough.

    Attributes:
        action: A word of whoever made the rule, such as ``block``.
        verdict: A verdict, or ``copy`` for each that is a copy.
        confidence: The least, 0 to 1.
    """

    action: str
    verdict: str
    confidence: float

    def fits(self, candidate: LookupCandidate) -> bool:
        """Tell whether a candidate calls for the action."""
        judgement = candidate.judgement
        is_meant = judgement.verdict == self.verdict or (
            self.verdict == _ANY_COPY and judgement.verdict in COPIES
        )
        return is_meant and judgement.confidence >= self.confidence


def rules_of(policy: str) -> tuple[Rule, ...]:
    """Read a policy: ``block near-duplicate 0.95, review copy 0.5``.

    Raises:
        QueryError: A rule is not an action, a verdict and a confidence.
    """
    return tuple(_rule(one.split(), one.strip()) for one in policy.split(","))


def action_of(rules: Sequence[Rule], candidates: Sequence[LookupCandidate]) -> str:
    """Return the action of the first rule that a candidate fits; ``pass`` where none does."""
    for rule in rules:
        if any(rule.fits(one) for one in candidates):
            return rule.action
    return OTHERWISE


def _rule(words: Sequence[str], said: str) -> Rule:
    try:
        action, verdict, confidence = words
        least = float(confidence)
    except ValueError:
        problem = f"the rule '{said}' is not an action, a verdict and a confidence"
        raise QueryError(f"{problem}, such as 'block near-duplicate 0.95'") from None
    if verdict not in _NAMES:
        raise QueryError(f"the rule '{said}' names no verdict; there are {', '.join(_NAMES)}")
    if not 0 <= least <= 1:
        raise QueryError(f"the rule '{said}' needs a confidence from 0 to 1")
    return Rule(action, verdict, least)
