"""How a query changes an earlier one."""

from dataclasses import dataclass

from binocle.errors import QueryError
from binocle.metadata.filters import Comparison

MAX_TERMS = 64
MAX_TURN_LENGTH = 20_000  # of several collections


@dataclass(frozen=True, slots=True)
class Refinement:
    """How a query changes an earlier one, whose answer gave ``turn``.

    The query's own terms are added, and its filter holds as well as the earlier one. What the
    query leaves at its default is as in the earlier one. A text to keep away from goes from the
    earlier texts that look for it, and one to look for from those to keep away from.

    Attributes:
        turn: ``Answer.turn`` of the earlier query.
        remove: Texts or record ids whose terms go. Where no term is called so, the words go from
            the texts that have them, see ``rewording.without_words``.
        replace: Drop all earlier terms, keeping the rest.
        drop_filter: Drop the earlier filter.
        swap: Pairs of words: the first is replaced with the second in the earlier texts, which
            have it.
        instead: Pairs of words as a person says them: as ``swap``, but where no text has the
            first, the second is added and the first becomes a negative term.
        bounds: Comparisons that a person said: earlier ones of the same field that bound it on the
            same side, or leave nothing between, go. They are in the query's filter as well.
    """

    turn: str
    remove: tuple[str, ...] = ()
    replace: bool = False
    drop_filter: bool = False
    swap: tuple[tuple[str, str], ...] = ()
    instead: tuple[tuple[str, str], ...] = ()
    bounds: tuple[Comparison, ...] = ()
    forgotten: tuple[str, ...] = ()
    is_spoken: bool = False

    def __post_init__(self) -> None:
        """Refuse what names nothing."""
        if not self.turn or len(self.turn) > MAX_TURN_LENGTH:
            raise QueryError("a refinement names the turn of an earlier answer")
        swaps = (*self.swap, *self.instead)
        if len(self.remove) + len(swaps) > MAX_TERMS:
            raise QueryError(f"a refinement removes and swaps at most {MAX_TERMS} terms")
        if not all(old.strip() and new.strip() for old, new in swaps):
            raise QueryError("a swap is two texts, and neither is empty")
