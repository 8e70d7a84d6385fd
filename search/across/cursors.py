"""Where a search over several collections goes on: the cursors of its collections as one.

Each is signed by its own collection, which checks it; what holds them together need not be.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from pydantic import TypeAdapter

from binocle.errors import CursorError
from search.across.merged_groups import DIGEST_LENGTH

_DAMAGED = "the cursor is damaged; start again without one"
_Facts: TypeAlias = tuple[dict[str, tuple[str, int]], int | None, int, str]


@dataclass(frozen=True, slots=True)
class AcrossPosition:
    """Where the next page begins.

    Attributes:
        cursors: Of the collections that go on, by name.
        shown: How many hits of each of them were on the pages before.
        relevant: As of the first page; collections that have ended are not asked again.
        relevant_error: Likewise.
        groups: Digests of the groups that were shown; see ``digest_of``.
    """

    cursors: Mapping[str, str]
    shown: Mapping[str, int] = field(default_factory=dict)
    relevant: int | None = None
    relevant_error: int = 0
    groups: tuple[str, ...] = ()

    def as_cursor(self) -> str | None:
        """Return it as an opaque string, safe in a URL; None where nothing goes on."""
        if not self.cursors:
            return None
        going = {name: [one, self.shown.get(name, 0)] for name, one in self.cursors.items()}
        facts = [going, self.relevant, self.relevant_error, "".join(self.groups)]
        text = json.dumps(facts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str, names: Sequence[str]) -> "AcrossPosition":
        """Read a cursor.

        Args:
            cursor: As ``as_cursor`` returned it.
            names: Of the collections that are asked.

        Raises:
            CursorError: It is none, or of other collections.
        """
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            cursors, relevant, error, digests = _adapter().validate_json(text)
            known = {name: one for name, (one, _) in cursors.items()}
            shown = {name: count for name, (_, count) in cursors.items()}
            starts = range(0, len(digests), DIGEST_LENGTH)
            groups = tuple(digests[one : one + DIGEST_LENGTH] for one in starts)
            position = cls(known, shown, relevant, error, groups)
        except (binascii.Error, ValueError) as failure:
            raise CursorError(_DAMAGED) from failure
        if not known:
            raise CursorError(_DAMAGED)
        if strange := [name for name in known if name not in names]:
            raise CursorError(
                f"the cursor is of a search in other collections ({', '.join(strange)}); ask the "
                "same ones, or start again without it"
            )
        return position


@cache
def _adapter() -> TypeAdapter[_Facts]:
    return TypeAdapter(_Facts)
