"""A request becomes a query once, and an error names the part it is about."""

from pathlib import Path
from typing import Any

import pytest

from api.http.errors.problems import ServiceError
from api.http.mapping.queries import SearchRequest
from api.http.schemas.search import SearchBesideIn, SearchIn
from binocle.collection.collection import Collection
from binocle.errors import CursorError, PictureError
from search.query.query import Facet, Query, Region, Sort, Term


@pytest.fixture
def collection(tmp_path: Path) -> Any:
    with Collection(tmp_path / "c", create=True) as made:
        yield made


def test_a_body_becomes_a_query(collection: Collection) -> None:
    asked = SearchIn(query="red", sort=["-price"], facets=["a:values:3"], collapse=True, limit=7)
    assert SearchRequest(asked).query(collection) == Query(
        (Term(text="red"),),
        sort=(Sort("price", descending=True),),
        facets=(Facet("a", "values", limit=3, bins=3),),
        collapse=True,
        limit=7,
        beyond=False,
    )


def test_uploads_are_terms_with_the_region_beside_them(collection: Collection) -> None:
    request = SearchRequest(SearchBesideIn(query="red", region="0,0,0.5,1"), (b"one",))
    assert request.has_pictures
    query = request.query(collection)
    assert isinstance(query, Query)
    assert query.terms == (Term(text="red"), Term(image=b"one", region=Region(0, 0, 0.5, 1)))


def test_what_cannot_be_understood_is_given_with_its_place(collection: Collection) -> None:
    error = SearchRequest(SearchIn(query="a", facets=["b:c"]), place="searches.2.").query(
        collection
    )
    assert isinstance(error, ServiceError)
    assert error.field == "searches.2.facets.0"


def test_errors_of_terms_and_cursors_are_placed() -> None:
    body = SearchIn.model_validate({"query": [{"text": "a"}, {"image": "AAAA"}]})
    request = SearchRequest(body, (b"x",), place="searches.1.")
    for term, field in ((1, "searches.1.query.1.image"), (2, "image")):
        error = PictureError("it is none")
        error.term = term
        placed = request.placed(error)
        assert isinstance(placed, ServiceError)
        assert placed.field == field
    placed = request.placed(CursorError("it is damaged"))
    assert isinstance(placed, ServiceError)
    assert placed.field == "searches.1.cursor"
