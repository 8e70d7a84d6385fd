"""What may be meant, while somebody types."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, ServiceDependency
from api.http.schemas.suggestions import SuggestionOut, SuggestionsOut

router = APIRouter(tags=["suggestions"], route_class=JsonRoute)


@router.get("/{name}/suggestions")
async def suggest(
    collection: Readable,
    service: ServiceDependency,
    q: Annotated[str, Parameter(min_length=1, max_length=2000, description="Typed so far")],
    limit: Annotated[int, Parameter(ge=1, le=50, description="Suggestions at most")] = 8,
) -> SuggestionsOut:
    """Suggest titles and values that have a word from which on they say what was typed.

    It answers in milliseconds, without a model. While those of a large collection are gathered for
    the first time there are none.
    """
    suggester = service.container.suggester(collection)
    found, read_as = await service.searching.run(suggester.suggest, q, limit)
    return SuggestionsOut(
        suggestions=[
            SuggestionOut(text=one.text, count=one.count, kind=one.kind, name=one.name)
            for one in found
        ],
        read_as=read_as,
    )
