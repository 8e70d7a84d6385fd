"""From the wire to queries, naming the part of the request that cannot be understood."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from api.http.errors.problems import ServiceError, at_field, let_go_of_frames
from api.http.mapping.hit_members import HitMembers
from api.http.mapping.payloads import decoded
from api.http.schemas.search import SearchBesideIn, SearchIn, TermIn
from binocle.collection.collection import Collection
from binocle.errors import (
    BinocleError,
    CursorError,
    FilterError,
    NotFoundError,
    PictureError,
    QueryError,
    SavedQueryError,
    UrlError,
    UsageError,
)
from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import Filter, both
from search.query.natural_language import Phrase, parse_first, parse_turn
from search.query.notation import parse_facet, parse_group, parse_region, parse_sort
from search.query.query import Facet, Group, Query, Region, Sort, Term, Weights
from search.query.stored_words import stored_words
from search.query.turns import Refinement
from search.query.warnings import price_field

_Out = TypeVar("_Out")
_KINDS = ("text", "image", "record", "vector", "url")
_FIELDS: dict[type[BinocleError], str] = {
    CursorError: "cursor",
    SavedQueryError: "refine.turn",
    FilterError: "filter",
}
_READ = {
    "cursor",
    "weights",
    "sort",
    "facets",
    "group",
    "refine",
    "optional",
}  # the others are as they are
_AS_THEY_ARE = [
    one.name for one in fields(Query) if one.name in SearchIn.model_fields and one.name not in _READ
]


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
class SearchRequest:
    """A search as it came.

    Attributes:
        asked: Its body.
        uploads: Pictures beside it, encoded.
        where: A filter that holds as well as the body's own.
        place: Where it stands in a larger request, such as ``searches.3.``.
        terms_field: What the request calls its terms.
        collection: What the request calls the collection.
    """

    asked: SearchIn
    uploads: tuple[bytes, ...] = ()
    where: Filter | None = None
    place: str = ""
    terms_field: str = "query"
    collection: str = ""

    @property
    def has_pictures(self) -> bool:
        """Whether pictures have to be had and decoded for it."""
        terms = [] if isinstance(self.asked.query, str) else self.asked.query
        return bool(self.uploads) or any(one.image or one.url or one.region for one in terms)

    @property
    def earlier(self) -> str | None:
        """What of an earlier answer it goes on from: a cursor, or a turn."""
        return self.asked.cursor or (self.asked.refine.turn if self.asked.refine else None)

    @property
    def members(self) -> HitMembers:
        """What it wants to know of each hit."""
        return HitMembers.of(self.asked.fields, self.place)

    @property
    def words(self) -> str:
        """The words it searches for, as they came; empty where it has none."""
        asked = self.asked.query
        texts = [asked] if isinstance(asked, str) else [one.text for one in asked if one.text]
        return " + ".join(texts)

    def query(self, collection: Collection) -> Query | BinocleError:
        """Return what it asks for, or which part of it cannot be understood, and why.

        Plain words are read as a person means them: beside a refinement they say what to change;
        of a first question what it negates and the price are read.

        Args:
            collection: Has a field of prices, or none.
        """
        try:
            return self._query(collection)
        except BinocleError as error:
            return error

    def _query(self, collection: Collection) -> Query:
        asked, phrase = self.asked, Phrase()
        HitMembers.of(asked.fields, self.place)  # refuses what hits do not have
        if isinstance(asked.query, str):
            parse = parse_first if asked.refine is None else parse_turn
            find_price = partial(price_field, collection)
            phrase = parse(asked.query, find_price, stored_words(collection))
            terms = phrase.terms
        else:
            places = (f"{self.place}query.{number}" for number in range(len(asked.query)))
            terms = tuple(map(_term, asked.query, places))
        with at(f"{self.place}filter"):
            where = both(self.where, phrase.where) if self.where else phrase.where
            where = both(parse_json(asked.filter), where) if asked.filter else where
        with at(f"{self.place}weights"):
            weights = Weights(**asked.weights.model_dump()) if asked.weights else Weights()
        with at(f"{self.place}refine"):
            refine = self._refinement(phrase)
        sorts = self._read("sort", asked.sort, parse_sort, Sort)
        facets = self._read("facets", asked.facets, parse_facet, Facet)
        with at(f"{self.place}group"):
            group = _made(asked.group, parse_group, Group) if asked.group else None
        plain: dict[str, Any] = {name: getattr(asked, name) for name in _AS_THEY_ARE}
        with at(f"{self.place}{self.terms_field}"):
            return Query(
                terms=(*terms, *self._uploaded()),
                where=where,
                cursor=asked.cursor or None,
                weights=weights,
                sort=tuple(sorts) or phrase.sort,
                facets=tuple(facets),
                group=group,
                refine=refine,
                optional=tuple(asked.optional),
                **plain,
            )

    def placed(self, error: BinocleError) -> BinocleError:
        """Return an error with the part of the request it is about, where that is sure."""
        let_go_of_frames(error)
        if isinstance(error, ServiceError):
            return error
        if error.term is not None and isinstance(error, PictureError | UrlError | NotFoundError):
            cause = error.__cause__  # says the same without the picture's name
            return at_field(
                cause if isinstance(cause, BinocleError) else error, self._field_of(error.term)
            )
        for kind, field in _FIELDS.items():
            if isinstance(error, kind):
                return at_field(error, self.place + field)
        return error

    def _read(
        self, name: str, given: Sequence[str | BaseModel], parse: Callable[[str], _Out],
        kind: Callable[..., _Out],
    ) -> list[_Out]:  # fmt: skip
        read = []
        for number, one in enumerate(given):
            with at(f"{self.place}{name}.{number}"):
                read.append(_made(one, parse, kind))
        return read

    def _refinement(self, phrase: Phrase) -> Refinement | None:
        asked = self.asked.refine
        if asked is None:
            return None
        return Refinement(
            turn=asked.turn,
            remove=(*asked.remove, *phrase.remove),
            replace=asked.replace,
            drop_filter=asked.drop_filter,
            swap=tuple(asked.swap),
            instead=(*asked.instead, *phrase.swap),
            bounds=phrase.amounts,
            forgotten=phrase.forgotten,
            is_spoken=isinstance(self.asked.query, str),
        )

    def _uploaded(self) -> list[Term]:
        region = None
        if isinstance(self.asked, SearchBesideIn) and self.asked.region is not None:
            with at(f"{self.place}region"):
                region = _made(self.asked.region, parse_region, Region)
        return [Term(image=one, region=region) for one in self.uploads]

    def _field_of(self, number: int) -> str:
        """Return where in the request a term stands."""
        terms = [] if isinstance(self.asked.query, str) else self.asked.query
        if number >= len(terms):
            return "image"
        return f"{self.place}query.{number}.{_kind_of(terms[number])}"


def _term(term: TermIn, field: str) -> Term:
    if sum(getattr(term, name) is not None for name in _KINDS) != 1:
        detail = "a term has exactly one of text, image, record, vector and url"
        raise ServiceError(422, "bad-query", detail, field=field)
    if term.weight == 0:
        raise ServiceError(422, "bad-query", "a weight is not 0", field=f"{field}.weight")
    region = None
    if term.region is not None:
        with at(f"{field}.region"):
            region = _made(term.region, parse_region, Region)
            if term.text is not None or term.vector is not None:
                raise QueryError("only pictures and records have regions")
    vector = None
    if term.vector is not None:
        with np.errstate(over="ignore"):
            vector = np.asarray(term.vector, np.float64).astype(np.float32)
    return Term(
        text=term.text,
        image=decoded(term.image, f"{field}.image") if term.image is not None else None,
        record=term.record,
        vector=vector,
        url=term.url,
        weight=term.weight,
        region=region,
    )


def _kind_of(term: TermIn) -> str:
    return next(name for name in _KINDS if getattr(term, name) is not None)


def _made(given: str | BaseModel, parse: Callable[[str], _Out], kind: Callable[..., _Out]) -> _Out:
    """Return what is meant, whether it came as on the command line or as an object."""
    return parse(given) if isinstance(given, str) else kind(**given.model_dump())
