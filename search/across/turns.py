"""Which turns of several collections one refinement goes on from.

Each turn is signed by its own collection, which checks it; what holds them together need not be.
Beside them stands what all were asked together, which a refinement takes over.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

from pydantic import TypeAdapter

from binocle.errors import QueryError, SavedQueryError
from search.query.query import Facet, Group, Query, Sort

_DAMAGED = "the turn is damaged, or of one collection; ask again without a refinement"


@dataclass(frozen=True, slots=True)
class AcrossTurn:
    """What a refinement goes on from.

    Attributes:
        turns: Of the collections, by name.
        limit, sort, facets, group, diversity: Of the query, where a refinement says nothing else.
    """

    turns: Mapping[str, str]
    limit: int
    sort: tuple[Sort, ...]
    facets: tuple[Facet, ...]
    group: Group | None
    diversity: float

    @classmethod
    def of_query(cls, query: Query, turns: Mapping[str, str | None]) -> "AcrossTurn | None":
        """Return the turn of a query; None where no collection has given one."""
        known = {name: one for name, one in turns.items() if one is not None}
        if not known:
            return None
        return cls(known, query.limit, query.sort, query.facets, query.group, query.diversity)

    def as_text(self) -> str:
        """Return it as an opaque string."""
        text = json.dumps(asdict(self), separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, turn: str, names: Sequence[str]) -> "AcrossTurn":
        """Read a turn.

        Args:
            turn: As ``as_text`` returned it.
            names: Of the collections that are asked.

        Raises:
            SavedQueryError: It is none, or of other collections.
        """
        try:
            text = base64.urlsafe_b64decode(turn + "=" * (-len(turn) % 4))
            found = _adapter().validate_json(text)
        except (binascii.Error, ValueError, QueryError) as error:
            raise SavedQueryError(_DAMAGED) from error
        if not found.turns.keys() & set(names):
            raise SavedQueryError(
                f"the turn is of a search in other collections ({', '.join(found.turns)}); ask the "
                "same ones, or again without a refinement"
            )
        return found

    def own(self, name: str) -> str:
        """Return the turn of one collection.

        Raises:
            SavedQueryError: It has given none.
        """
        if name not in self.turns:
            raise SavedQueryError(
                f"{name!r} has not answered what is refined; ask again without a refinement"
            )
        return self.turns[name]

    def taken_over(self, query: Query) -> Query:
        """Return a query with what it leaves open as in the earlier one."""
        plain = Query((), sort=(Sort("id"),))
        forgotten = query.refine.forgotten if query.refine else ()
        return replace(
            query,
            limit=self.limit if query.limit == plain.limit else query.limit,
            sort=query.sort or tuple(one for one in self.sort if one.field not in forgotten),
            facets=query.facets or self.facets,
            group=query.group or self.group,
            diversity=query.diversity or self.diversity,
        )


@cache
def _adapter() -> TypeAdapter[AcrossTurn]:
    return TypeAdapter(AcrossTurn)
