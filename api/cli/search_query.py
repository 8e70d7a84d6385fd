"""From what somebody typed to a query."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, UsageError
from binocle.metadata.filters import both
from search.query.filter_language import parse_where
from search.query.natural_language import Phrase, parse_first, parse_turn
from search.query.notation import (
    parse_boosted,
    parse_cut,
    parse_facet,
    parse_group,
    parse_region,
    parse_sort,
    parse_weights,
)
from search.query.query import Mode, Query, Refinement, Region, Target, Term, Weights

_AWAY = -1.0


@dataclass(frozen=True, slots=True)
class Typed:
    """The options of ``binocle search``, as they were typed."""

    text: tuple[str, ...]
    texts: tuple[str, ...]
    without: tuple[str, ...]
    images: tuple[str, ...]
    like: tuple[str, ...]
    unlike: tuple[str, ...]
    urls: tuple[str, ...]
    regions: tuple[str, ...]
    target: Target | None
    mode: Mode | None
    weights: str | None
    where: str | None
    limit: int
    sort: tuple[str, ...]
    facets: tuple[str, ...]
    group_by: str | None
    diversity: float
    collapse: bool
    min_relevance: str | None
    cursor: str | None
    exact: bool
    refine: str | None
    remove: tuple[str, ...]
    replace: bool
    drop_filter: bool
    swap: tuple[tuple[str, str], ...]

    def query(
        self,
        is_record: Callable[[str], bool],
        find_price: Callable[[], str | None] = lambda: None,
    ) -> Query:
        """Return the query.

        Args:
            is_record: Tells which names are records' ids.
            find_price: Names the field of prices; see ``parse_turn``.

        Raises:
            UsageError: Something cannot be understood, or does not go together.
            NotFoundError: There is neither such a record nor such a file.
        """
        words = " ".join(self.text).strip()
        phrase = Phrase((Term(text=words),) if words else ())
        if words:
            phrase = (parse_first if self.refine is None else parse_turn)(words, find_price)
        where = parse_where(self.where) if self.where else None
        return Query(
            terms=(*phrase.terms, *self._terms(is_record)),
            target=self.target,
            where=both(where, phrase.where),
            limit=self.limit,
            cursor=self.cursor,
            exact=self.exact,
            mode=self.mode,
            weights=parse_weights(self.weights) if self.weights else Weights(),
            sort=tuple(map(parse_sort, self.sort)) or phrase.sort,
            facets=tuple(map(parse_facet, self.facets)),
            group=parse_group(self.group_by) if self.group_by else None,
            diversity=self.diversity,
            collapse=self.collapse,
            min_relevance=parse_cut(self.min_relevance) if self.min_relevance else None,
            refine=self._refinement(phrase),
        )

    def _refinement(self, phrase: Phrase) -> Refinement | None:
        if self.refine is None:
            given = {
                "--remove": self.remove,
                "--replace": self.replace,
                "--drop-filter": self.drop_filter,
                "--swap": self.swap,
            }
            for option, value in given.items():
                if value:
                    raise UsageError(f"{option} changes an earlier search; add --refine TURN")
            return None
        return Refinement(
            self.refine,
            (*self.remove, *phrase.remove),
            self.replace,
            self.drop_filter,
            self.swap,
            phrase.swap,
            phrase.amounts,
        )

    def _terms(self, is_record: Callable[[str], bool]) -> list[Term]:
        regions = self._regions()
        pictures = [
            *(_picture(one, regions) for one in self.images),
            *(_like(one, is_record, regions) for one in self.like),
            *(_like(one, is_record, regions, sign=_AWAY) for one in self.unlike),
            *(_address(one, regions) for one in self.urls),
        ]
        texts = [
            *(_words(one) for one in self.texts),
            *(_words(one, sign=_AWAY) for one in self.without),
        ]
        return [*texts, *pictures]

    def _regions(self) -> list[Region]:
        found = list(map(parse_region, self.regions))
        pictures = len(self.images) + len(self.like) + len(self.unlike) + len(self.urls)
        if len(found) > pictures:
            raise UsageError(
                "there are more regions than pictures; each --region belongs to an --image, "
                "--like, --unlike or --url"
            )
        return found


def is_record(collection: Collection, name: str) -> bool:
    """Tell whether a collection has a record of this id."""
    with collection.reading() as session:
        return session.records.number_of(name) is not None


def _next(regions: list[Region]) -> Region | None:
    return regions.pop(0) if regions else None


def _words(text: str, *, sign: float = 1.0) -> Term:
    what, weight = parse_boosted(text)
    return Term(text=what, weight=sign * weight)


def _address(text: str, regions: list[Region]) -> Term:
    what, weight = parse_boosted(text)
    return Term(url=what, weight=weight, region=_next(regions))


def _picture(text: str, regions: list[Region], *, sign: float = 1.0) -> Term:
    path, weight = _first_that(_is_file, text)
    return Term(image=Path(path), weight=sign * weight, region=_next(regions))


def _like(
    text: str, is_record: Callable[[str], bool], regions: list[Region], *, sign: float = 1.0
) -> Term:
    """Return a term of a record; where there is none of that id, of a picture file."""
    name, weight = _first_that(is_record, text)
    if is_record(name):
        return Term(record=name, weight=sign * weight, region=_next(regions))
    if _is_file(_first_that(_is_file, text)[0]):
        return _picture(text, regions, sign=sign)
    raise NotFoundError(
        f"there is neither a record {name!r} in the collection nor a picture file of that name"
    )


def _is_file(name: str) -> bool:
    return Path(name).expanduser().is_file()


def _first_that(fits: Callable[[str], bool], text: str) -> tuple[str, float]:
    """Return a name and its weight; what looks like a weight may be a part of the name."""
    return (text, 1.0) if fits(text) else parse_boosted(text)
