"""What can be asked."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from binocle.errors import QueryError
from binocle.media.kinds import KINDS
from binocle.metadata.filters import Filter
from binocle.metadata.visible_text import visible
from binocle.types import Float32Array, Kind, Target
from search.query.turns import MAX_TERMS, Refinement

Mode: TypeAlias = Literal["semantic", "keyword", "hybrid"]
FacetKind: TypeAlias = Literal["values", "numbers", "dates"]
Interval: TypeAlias = Literal["year", "month", "day"]
RulesInUse: TypeAlias = Literal["live", "draft", "none"]
MAX_OFFSET = MAX_LIMIT = 10_000
MAX_FACETS = 32
RELEVANCE = "relevance"
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of an upright picture, as fractions of its width and height, 0 to 1."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Refuse what lies outside or is empty."""
        sides = (self.x, self.y, self.width, self.height)
        fits = self.x + self.width <= 1 + 1e-6 and self.y + self.height <= 1 + 1e-6
        if not all(0 <= side <= 1 for side in sides) or min(sides[2:]) <= 0 or not fits:
            raise QueryError(
                f"a region is x, y, width and height as fractions from 0 to 1 that stay inside the "
                f"picture, not {', '.join(f'{side:g}' for side in sides)}"
            )

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for, or with a negative weight to stay away from.

    Exactly one of the first five is given.

    Attributes:
        text: Words; what nobody sees of them is taken out.
        image: An encoded picture, or its path.
        record: The id of a stored record; it is not among its own hits.
        vector: ``(d,)`` float32 in the collection's space.
        url: Where a picture lies; only where the operator allows it.
        weight: How much the term counts, not 0.
        region: Only this part of the picture; for ``image``, ``url`` and ``record``.
        embedded: ``(d,)`` float32 unit row in the collection's space: what the text or the
            picture was embedded as, its region cut out, where the caller has done that. The
            text still counts as words.
        corrected: What a text was embedded as, where words of it looked misspelt, or the model
            cannot read them.
        is_unread: The model cannot read the text, which counts as words only; beside
            ``corrected``, a part of it.
        source: For ``vector``: what it was embedded from, words or a picture; None for unknown.
    """

    text: str | None = None
    image: bytes | Path | None = None
    record: str | None = None
    vector: Float32Array | None = None
    weight: float = 1.0
    url: str | None = None
    region: Region | None = None
    embedded: Float32Array | None = field(default=None, compare=False, repr=False)
    source: Kind | None = None
    corrected: str = field(default="", compare=False)
    is_unread: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if self.text is not None:
            object.__setattr__(self, "text", visible(self.text))
        given = [self.text, self.image, self.record, self.vector, self.url]
        if sum(one is not None for one in given) != 1:
            raise QueryError("a term is one of text, image, record, vector and url")
        if not math.isfinite(self.weight) or self.weight == 0:
            raise QueryError(f"a term's weight is a number other than 0, not {self.weight}")
        if self.text is not None and not self.text.strip():
            raise QueryError("the text to look for is empty")
        if self.region is not None and (self.text is not None or self.vector is not None):
            raise QueryError("only pictures and records have regions")

    @property
    def is_unembedded(self) -> bool:
        """Whether an encoder has to be asked: for a text, a picture, or a region of a record."""
        is_stored = self.vector is not None or (self.record is not None and self.region is None)
        return self.embedded is None and not is_stored


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each ranking counts when several are fused; 0 leaves one out."""

    image: float = 1.0
    text: float = 1.0
    keyword: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no weight."""
        every = (self.image, self.text, self.keyword)
        if not all(math.isfinite(one) and one >= 0 for one in every) or not any(every):
            raise QueryError("weights are numbers from 0 on, and not all 0")

    def of(self, kind: Kind) -> float:
        """Return how much the ranking of a kind counts; 1 for one that nobody can weigh yet."""
        return float(getattr(self, kind, 1.0))


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the relevant set: by a metadata field, ``id``, ``uri`` or ``relevance``.

    Records without the field come last either way.
    """

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A count of the relevant set by one field.

    Attributes:
        field: A metadata field.
        kind: ``values`` counts each value, ``numbers`` and ``dates`` make a histogram. None
            decides by the field's type.
        limit: How many values, those with most records first.
        bins: How many bars a histogram of numbers has.
        interval: How wide the bars of a histogram of dates are. None decides by the range.
        is_open: Whether the last bar of numbers ends behind the greatest one, and not with it.
    """

    field: str
    kind: FacetKind | None = None
    limit: int = 10
    bins: int = 10
    interval: Interval | None = None
    is_open: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        for count in (self.limit, self.bins):
            if not 1 <= count <= 1000:
                raise QueryError(
                    f"the facet {self.field!r} asks for {count} values or bars; ask for 1 to 1000"
                )


@dataclass(frozen=True, slots=True)
class Group:
    """Take records with the same value of a field together, best first, such as variants.

    Attributes:
        field: A metadata field; a record without it is a group of its own.
        size: How many records of a group an answer shows.
    """

    field: str
    size: int = 1

    def __post_init__(self) -> None:
        """Refuse sizes nobody can show."""
        if not 1 <= self.size <= 100:
            raise QueryError(f"a group shows 1 to 100 records, not {self.size}")


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a collection.

    Attributes:
        terms: What to look for. May be empty where there is a filter, a sort order, facets or a
            refinement: then every record that passes is as relevant as any other.
        target: Which parts may match. None for pictures where the collection has any, else
            texts. ``any`` fuses the ranks of both.
        where: Only records that pass this filter.
        limit: How many hits, 1 to ``MAX_LIMIT``. There are fewer only when fewer records match.
        cursor: From an earlier answer to the same query: go on behind it.
        offset: How many hits to pass over, up to ``MAX_OFFSET``; not beside a cursor.
        beyond: Whether pages, but for the first, go on behind the relevant set.
        exact: Scan everything, whatever the kind of index.
        mode: ``semantic`` ranks by vectors, ``keyword`` by words, ``hybrid`` fuses both. None for
            hybrid where records have text and the query has words, else semantic.
        weights: Of the rankings that are fused.
        sort: In which order; relevance by default. Anything else sorts *the relevant set*.
        facets: What to count over the relevant set.
        group: Take records together.
        diversity: 0 to 1: how much hits shall differ from those before them (MMR).
        collapse: Show only the best of near-duplicates.
        min_relevance: Leave out hits below it, 0 to 1; ``auto`` cuts where the collection's
            calibration says. None shows everything, as far as the limit goes.
        refine: An earlier query that this one changes.
        rules: Which ranking rules hold: the published ones, those of the draft, or none.
        language: Which language the words are in, such as ``de``; of rules for a language only
            those for it hold. None for all.
        optional: Words of the texts that what is relevant need not have, though it would be
            demanded otherwise (``search/ranking/demands.py``); they are looked for all the same.
    """

    terms: tuple[Term, ...]
    target: Target | None = None
    where: Filter | None = None
    limit: int = 10
    cursor: str | None = field(default=None, compare=False)
    offset: int = 0
    beyond: bool = True
    exact: bool = False
    mode: Mode | None = None
    weights: Weights = Weights()
    sort: tuple[Sort, ...] = ()
    facets: tuple[Facet, ...] = ()
    group: Group | None = None
    diversity: float = 0.0
    collapse: bool = False
    min_relevance: float | Literal["auto"] | None = None
    refine: Refinement | None = None
    rules: RulesInUse = "live"
    language: str | None = None
    optional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be answered."""
        self._check_page()
        browsed = (self.where, self.sort, self.facets, self.group, self.refine)
        if not self.terms and not any(browsed):
            raise QueryError("nothing to look for: give a text, a picture, a record or a filter")
        if len(self.terms) > MAX_TERMS:
            raise QueryError(f"{len(self.terms)} terms are more than the limit of {MAX_TERMS}")
        if len(self.facets) > MAX_FACETS:
            raise QueryError(f"{len(self.facets)} facets are more than the limit of {MAX_FACETS}")
        if len(self.optional) > MAX_TERMS:
            raise QueryError(
                f"{len(self.optional)} optional words are more than the limit of {MAX_TERMS}"
            )
        if self.target not in (None, *KINDS, "any"):
            raise QueryError(f"the target is image, text or any, not {self.target!r}")
        if self.mode not in (None, "semantic", "keyword", "hybrid"):
            raise QueryError(f"the mode is semantic, keyword or hybrid, not {self.mode!r}")
        if self.language is not None and not LANGUAGE.fullmatch(self.language):
            raise QueryError(f"a language is a code such as de or pt-BR, not {self.language!r}")
        if not 0 <= self.diversity <= 1:
            raise QueryError(f"diversity is from 0 to 1, not {self.diversity}")
        cut = self.min_relevance
        if cut is not None and cut != "auto" and not (not isinstance(cut, str) and 0 <= cut <= 1):
            raise QueryError(f"the least relevance is auto, or from 0 to 1, not {cut!r}")

    @property
    def is_sorted(self) -> bool:
        """Whether hits come in another order than that of relevance."""
        return bool(self.sort) and self.sort[0].field != RELEVANCE

    def _check_page(self) -> None:
        if not 1 <= self.limit <= MAX_LIMIT:
            raise QueryError(f"the limit is from 1 to {MAX_LIMIT}, not {self.limit}")
        if not 0 <= self.offset <= MAX_OFFSET:
            raise QueryError(
                f"the offset is from 0 to {MAX_OFFSET:,}, not {self.offset:,}; go on with a cursor"
            )
        if self.offset and self.cursor is not None:
            raise QueryError("a cursor says where to begin; give it, or an offset")
