"""What can be asked."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from binocle.errors import QueryError
from binocle.filters import Filter
from binocle.types import Float32Array

Target: TypeAlias = Literal["image", "text", "any"]
MAX_LIMIT = 10_000
MAX_TERMS = 64


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for, or with a negative weight to stay away from.

    Exactly one of the first four is given.

    Attributes:
        text: Words.
        image: An encoded picture, or its path.
        record: The id of a stored record; it is not among its own hits.
        vector: ``(d,)`` float32 in the collection's space.
        weight: How much the term counts, not 0.
    """

    text: str | None = None
    image: bytes | Path | None = None
    record: str | None = None
    vector: Float32Array | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        given = [self.text, self.image, self.record, self.vector]
        if sum(one is not None for one in given) != 1:
            raise QueryError("a term is one of text, image, record and vector")
        if not math.isfinite(self.weight) or self.weight == 0:
            raise QueryError(f"a term's weight is a number other than 0, not {self.weight}")
        if self.text is not None and not self.text.strip():
            raise QueryError("the text to look for is empty")


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a collection.

    Attributes:
        terms: What to look for: the unit vectors are added by weight.
        target: Which parts may match. None for pictures where the collection has any, else
            texts. ``any`` fuses the ranks of both.
        where: Only records that pass this filter.
        limit: How many hits, 1 to ``MAX_LIMIT``. There are fewer only when fewer records match.
        cursor: From an earlier answer to the same query: go on behind it.
        exact: Scan everything, whatever the kind of index.
    """

    terms: tuple[Term, ...]
    target: Target | None = None
    where: Filter | None = None
    limit: int = 10
    cursor: str | None = field(default=None, compare=False)
    exact: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be answered."""
        if not self.terms:
            raise QueryError("nothing to look for: give a text, a picture or a record")
        if len(self.terms) > MAX_TERMS:
            raise QueryError(f"{len(self.terms)} terms are more than the limit of {MAX_TERMS}")
        if not 1 <= self.limit <= MAX_LIMIT:
            raise QueryError(f"the limit is from 1 to {MAX_LIMIT}, not {self.limit}")
        if self.target not in (None, "image", "text", "any"):
            raise QueryError(f"the target is image, text or any, not {self.target!r}")
