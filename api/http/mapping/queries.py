"""From the wire to queries, naming the part of the request that cannot be understood."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from api.http.errors.problems import ServiceError, at_field
from api.http.mapping.payloads import decoded
from api.http.schemas.search import (
    FacetIn,
    GroupIn,
    RefinementIn,
    RegionIn,
    SearchBesideIn,
    SearchIn,
    SortIn,
    TermIn,
)
from binocle.collection.collection import Collection
from binocle.errors import UsageError
from binocle.media.decoder_pool import Box
from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import Filter, both, comparisons_in
from binocle.types import Float32Array
from search.query.natural_language import parse_first, parse_turn
from search.query.notation import parse_facet, parse_group, parse_region, parse_sort
from search.query.query import Facet, Group, Query, Refinement, Region, Sort, Term, Weights
from search.query.warnings import price_field
from search.query_vectors.term_encoder import box

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_KINDS = ("text", "image", "record", "vector", "url")


@contextmanager
def at(field: str) -> Iterator[None]:
    """Name the part of the request that an error inside is about.

    Raises:
        ServiceError: 422, with the error's own code.
    """
    try:
        yield
    except UsageError as error:
        raise at_field(error, field) from error


@dataclass(frozen=True, slots=True)
class Wanted:
    """One term as it came, its picture decoded from base64, nothing embedded yet.

    Attributes:
        field: Where in the request it is.
        term: The term.
        region: Of the picture or record.
        picture: Encoded; of a URL or a record's region once it has been read.
    """

    field: str
    term: TermIn
    region: Region | None = None
    picture: bytes | None = None

    def finished(self, embedded: Float32Array | None, corrected: str = "") -> Term:
        """Return the term with what it was embedded as, and what its text was read as, if else."""
        term, weight = self.term, self.term.weight
        if term.text is not None:
            return Term(text=term.text, weight=weight, embedded=embedded, corrected=corrected)
        if term.vector is not None:
            return Term(vector=_as_vector(term.vector), weight=weight)
        return Term(
            record=term.record,
            url=term.url,
            image=self.picture if term.record is None and term.url is None else None,
            weight=weight,
            region=self.region,
            embedded=embedded,
        )

    @property
    def box(self) -> Box | None:
        """The part of the picture that counts: left, top, right and bottom."""
        return box(self.region) if self.region is not None else None


def spoken(asked: SearchIn, collection: Collection) -> tuple[SearchIn, Filter | None]:
    """Return a request whose plain words are read as a person means them.

    Beside a refinement they say what to change; of a first question only the price is read.

    Returns:
        The request, and what its words say of the price.
    """
    if not isinstance(asked.query, str) or not asked.query.strip():
        return asked, None
    find_price = partial(price_field, collection)
    if asked.refine is None:
        phrase = parse_first(asked.query, find_price)
        query: str | list[TermIn] = (phrase.terms[0].text or "") if phrase.terms else []
        return asked.model_copy(update={"query": query}), phrase.where
    phrase = parse_turn(asked.query, find_price)
    terms = [TermIn(text=one.text, weight=one.weight) for one in phrase.terms]
    refine = asked.refine.model_copy(
        update={
            "remove": [*asked.refine.remove, *phrase.remove],
            "instead": [*asked.refine.instead, *phrase.swap],
        }
    )
    sort = asked.sort or [SortIn(field=one.field, descending=one.descending) for one in phrase.sort]
    update = {"query": terms, "refine": refine, "sort": sort}
    return asked.model_copy(update=update), phrase.where


def terms_of(asked: SearchIn, uploads: Sequence[bytes] = (), place: str = "") -> list[Wanted]:
    """Return what a request looks for.

    Args:
        asked: The request.
        uploads: Pictures that came beside it.
        place: Where the request stands in a larger one, such as ``searches.3.``.

    Raises:
        ServiceError: 422, a term cannot be understood.
    """
    if isinstance(asked.query, str):
        found = [Wanted("query", TermIn(text=asked.query))]
    else:
        found = [_term(one, f"{place}query.{number}") for number, one in enumerate(asked.query)]
    region = None
    if isinstance(asked, SearchBesideIn) and asked.region is not None:
        region = _region(asked.region, f"{place}region")
    return [*found, *(Wanted("image", TermIn(), region, one) for one in uploads)]


def query_of(
    asked: SearchIn,
    terms: tuple[Term, ...],
    place: str = "",
    *,
    where: Filter | None = None,
    said: Filter | None = None,
    field: str = "query",
) -> Query:
    """Return the query that a request makes of its terms.

    Args:
        asked: The request.
        terms: What it looks for, embedded.
        place: As for ``terms_of``.
        where: A filter that holds as well as the request's own.
        said: What its plain words say, which holds as well, see ``spoken``.
        field: What the request calls its terms.

    Raises:
        ServiceError: 422, a part cannot be understood; its field is named.
    """
    with at(f"{place}filter"):
        where = both(parse_json(asked.filter) if asked.filter else None, both(where, said))
    with at(f"{place}weights"):
        weights = Weights(**asked.weights.model_dump()) if asked.weights else Weights()
    with at(f"{place}refine"):
        bounds = tuple(comparisons_in(said))
        refine = replace(_refinement(asked.refine), bounds=bounds) if asked.refine else None
    group = None
    if asked.group is not None:
        group = _read(asked.group, parse_group, _group, f"{place}group")
    sort = [
        _read(one, parse_sort, _sort, f"{place}sort.{number}")
        for number, one in enumerate(asked.sort)
    ]
    facets = [
        _read(one, parse_facet, _facet, f"{place}facets.{number}")
        for number, one in enumerate(asked.facets)
    ]
    with at(f"{place}{field}"):
        return Query(
            terms=terms,
            target=asked.target,
            where=where,
            limit=asked.limit,
            cursor=asked.cursor or None,
            exact=asked.exact,
            mode=asked.mode,
            weights=weights,
            sort=tuple(sort),
            facets=tuple(facets),
            group=group,
            diversity=asked.diversity,
            collapse=asked.collapse,
            min_relevance=asked.min_relevance,
            refine=refine,
        )


def _term(term: TermIn, field: str) -> Wanted:
    if sum(getattr(term, name) is not None for name in _KINDS) != 1:
        detail = "a term has exactly one of text, image, record, vector and url"
        raise ServiceError(422, "bad-query", detail, field=field)
    if term.weight == 0:
        raise ServiceError(422, "bad-query", "a weight is not 0", field=f"{field}.weight")
    region = _region(term.region, f"{field}.region") if term.region is not None else None
    if region is not None and (term.text is not None or term.vector is not None):
        detail = "only pictures and records have regions"
        raise ServiceError(422, "bad-query", detail, field=f"{field}.region")
    picture = decoded(term.image, f"{field}.image") if term.image is not None else None
    kind = next(name for name in _KINDS if getattr(term, name) is not None)
    return Wanted(f"{field}.{kind}", term, region, picture)


def _read(
    given: str | _In, parse: Callable[[str], _Out], make: Callable[[_In], _Out], field: str
) -> _Out:
    """Return what is meant, whether it came as on the command line or as an object."""
    with at(field):
        return parse(given) if isinstance(given, str) else make(given)


def _region(given: str | RegionIn, field: str) -> Region:
    return _read(given, parse_region, lambda one: Region(**one.model_dump()), field)


def _sort(given: SortIn) -> Sort:
    return Sort(given.field, given.descending)


def _facet(given: FacetIn) -> Facet:
    return Facet(**given.model_dump())


def _group(given: GroupIn) -> Group:
    return Group(given.field, given.size)


def _refinement(given: RefinementIn) -> Refinement:
    return Refinement(
        turn=given.turn,
        remove=tuple(given.remove),
        replace=given.replace,
        drop_filter=given.drop_filter,
        swap=tuple(given.swap),
        instead=tuple(given.instead),
    )


def _as_vector(numbers: list[float]) -> Float32Array:
    with np.errstate(over="ignore"):
        return np.asarray(numbers, np.float64).astype(np.float32)
