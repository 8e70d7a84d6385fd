"""A query between its plan and its answer."""

from dataclasses import dataclass, field

from binocle.collection.snapshot import Ranking
from binocle.types import Int64Array, Kind
from search.query.continuations import Position
from search.ranking.query_plan import KindScorer, Plan
from search.ranking.result_list import ResultList


@dataclass(slots=True)
class BegunQuery:
    """A query on its way: what was decided, where to go on, and what has been found for it."""

    plan: Plan
    limit: int
    position: Position | None
    listing: ResultList | None
    passed: Int64Array | None = None  # what pages of another state of the collection have shown
    scorers: dict[Kind, KindScorer] = field(default_factory=dict)
    nearest: dict[Kind, Ranking] = field(default_factory=dict)

    @property
    def rows(self) -> ResultList:
        """Its listing, once there is one."""
        assert self.listing is not None
        return self.listing

    @property
    def place(self) -> int:
        """Where in its listing its page begins."""
        return self.rows.place_of(self.position) if self.position else self.plan.query.offset

    @property
    def wanted(self) -> int:
        """How many hits its page has; none where it was to begin behind the relevant set."""
        goes_on = self.plan.query.beyond or not self.place or not self.rows.ends_at(self.place)
        return self.limit if goes_on else 0

    def goes_on_at(self, place: int) -> bool:
        """Tell whether there is a page behind a place."""
        is_over = not self.plan.query.beyond and self.rows.ends_at(place)
        return not is_over and bool(self.rows.rows(place, 1))

    @property
    def is_unlimited(self) -> bool:
        """Whether it asks what is nearest of everything there is, from the start."""
        query = self.plan.query
        is_limited = query.where is not None or query.exact or self.plan.exclude
        return not (is_limited or self.plan.wants_relevant_set or self.position is not None)

    @property
    def first_depth(self) -> int:
        """How deep its first page must look: where one vector decides, just behind its end."""
        asked = self.plan
        scorer = self.scorers.get(asked.kinds[0])
        is_one = asked.mode == "semantic" and len(asked.kinds) == 1 and not asked.rules.boosts
        if not is_one or scorer is None or scorer.query_vector.repelled or asked.query.diversity:
            return asked.depth
        return max(asked.query.limit + 1, scorer.correction_depth)
