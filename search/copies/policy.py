"""What to do about a picture that was looked up: rules of verdicts and confidences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from binocle.errors import QueryError
from search.copies.verdicts import COPIES, Judgement, Verdict

OTHERWISE = "pass"
_NONE: Verdict = "none"
# What a rule's verdict stands for: the same bytes or pixels are the surest near-duplicates.
_MEANT: dict[str, frozenset[Verdict]] = {
    **{one: frozenset((one,)) for one in get_args(Verdict)},
    "same-pixels": frozenset(("same-file", "same-pixels")),
    "near-duplicate": frozenset(("same-file", "same-pixels", "near-duplicate")),
    "copy": COPIES,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """An action for a verdict that is sure enough.

    Attributes:
        action: A word of whoever made the rule, such as ``block``.
        verdict: A verdict, or ``copy`` for each that is a copy; ``same-pixels`` and
            ``near-duplicate`` stand for what is surer as well, ``none`` for no candidate at all.
        confidence: The least, 0 to 1.
    """

    action: str
    verdict: str
    confidence: float

    def fits(self, judgement: Judgement) -> bool:
        """Tell whether what a picture is of another calls for the action."""
        return judgement.verdict in _MEANT[self.verdict] and judgement.confidence >= self.confidence


def rules_of(policy: str) -> tuple[Rule, ...]:
    """Read a policy: ``block near-duplicate 0.95, review copy 0.5``.

    Raises:
        QueryError: A rule is not an action, a verdict and a confidence.
    """
    return tuple(_rule(one.split(), one.strip()) for one in policy.split(","))


def action_of(rules: Sequence[Rule], judgements: Sequence[Judgement]) -> str:
    """Return the action of the first rule that a judgement fits; ``pass`` where none does."""
    for rule in rules:
        if any(map(rule.fits, judgements)) or (rule.verdict == _NONE and not judgements):
            return rule.action
    return OTHERWISE


def _rule(words: Sequence[str], said: str) -> Rule:
    try:
        action, verdict, confidence = words
        least = float(confidence)
    except ValueError:
        problem = f"the rule '{said}' is not an action, a verdict and a confidence"
        raise QueryError(
            f"{problem}, such as 'block near-duplicate 0.95'; verdicts are {', '.join(_MEANT)}"
        ) from None
    if verdict not in _MEANT:
        raise QueryError(f"the rule '{said}' names no verdict; there are {', '.join(_MEANT)}")
    if not 0 <= least <= 1:
        raise QueryError(f"the rule '{said}' needs a confidence from 0 to 1")
    return Rule(action, verdict, least)
