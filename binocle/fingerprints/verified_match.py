"""A mapping between two pictures that was measured, and how well it holds."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from binocle.fingerprints.copy_classifier import Evidence
from binocle.fingerprints.geometry import Turn
from binocle.fingerprints.overlay import Mapping
from binocle.fingerprints.variation import Variation

Correction: TypeAlias = Literal["none", "light", "bend", "light and bend", "words"]


@dataclass(frozen=True, slots=True)
class VerifiedMatch:
    """A mapping between two pictures, and how well it holds.

    Attributes:
        mapping: ``(3, 3)`` float64 homography from fractions of the query (0 to 1) to fractions of
            the stored picture.
        turn: How it turns and mirrors.
        evidence: What was measured where they overlap.
        log_odds: How likely one is a copy of the other: 0 is even, above is likelier.
        correction: What had to be taken out of the query first.
        variation: What speaks for two variants instead; None where that is out of the question.
    """

    mapping: Mapping
    turn: Turn
    evidence: Evidence
    log_odds: float
    correction: Correction = "none"
    variation: Variation | None = None

    @property
    def holds(self) -> bool:
        """Whether a copy is likelier than another picture, and than a variant."""
        return self.log_odds >= 0 and (self.variation is None or self.variation.log_odds <= 0)

    @property
    def is_product(self) -> bool:
        """Whether different things may agree as well: small ones, and those on plain ground."""
        return self.evidence.is_small or self.evidence.on_plain_ground
