"""What is searched for, recommended and suggested."""

from collections.abc import Sequence
from json import dumps
from typing import Unpack

from binocle_client.across import SearchAcrossAnswer
from binocle_client.answers import SuggestionList
from binocle_client.asked import Asked, document
from binocle_client.calls.call import call
from binocle_client.paths import path_of, several
from binocle_client.pictures import PictureFile, bytes_of
from binocle_client.records import BatchAnswer, RecommendAnswer, SearchAnswer
from binocle_client.requests import (
    PictureSearchOptions,
    RecommendBody,
    RecommendOptions,
    SearchBody,
    SearchOptions,
    TermBody,
)


class SearchCalls:
    """The calls."""

    @call
    def search(
        self, name: str, query: str | Sequence[TermBody] = (), **options: Unpack[SearchOptions]
    ) -> Asked[SearchAnswer]:
        """Search by words, by weighted terms, or by nothing but a filter or a refinement."""
        body: SearchBody = {"query": query, **options}
        return document(SearchAnswer, "POST", path_of(name, "search"), json=body)

    @call
    def search_image(
        self, name: str, data: PictureFile, **options: Unpack[PictureSearchOptions]
    ) -> Asked[SearchAnswer]:
        """Search by a picture, and by what is asked beside it."""
        return document(
            SearchAnswer,
            "POST",
            path_of(name, "search"),
            data={"search": dumps(options)},
            files={"image": ("picture", bytes_of(data))},
        )

    @call
    def search_batch(self, name: str, searches: Sequence[SearchBody]) -> Asked[BatchAnswer]:
        """Answer many queries in one call."""
        body = {"searches": list(searches)}
        return document(BatchAnswer, "POST", path_of(name, "search", "batch"), json=body)

    @call
    def search_across(
        self,
        collections: Sequence[str],
        query: str | Sequence[TermBody] = (),
        **options: Unpack[SearchOptions],
    ) -> Asked[SearchAcrossAnswer]:
        """Search several collections at once; one that cannot answer costs only itself."""
        body = {"collections": several(collections), "query": query, **options}
        return document(SearchAcrossAnswer, "POST", "/v1/search", json=body)

    @call
    def recommend(
        self, name: str, more_of: Sequence[str], **options: Unpack[RecommendOptions]
    ) -> Asked[RecommendAnswer]:
        """Recommend records like some; an unknown id costs only itself."""
        body: RecommendBody = {"more_of": several(more_of), **options}
        return document(RecommendAnswer, "POST", path_of(name, "recommend"), json=body)

    @call
    def suggest(self, name: str, typed: str, limit: int = 8) -> Asked[SuggestionList]:
        """Return what may be meant while somebody types."""
        path, params = path_of(name, "suggestions"), {"q": typed, "limit": limit}
        return document(SuggestionList, "GET", path, params=params)
