"""The wire of saved searches."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.http.schemas.common import Strict
from api.http.schemas.patterns import NO_CONTROLS, ONE_LINE

SearchName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE),
]


class SavedSearchIn(Strict):
    """A search to be kept under a name."""

    name: SearchName = Field(description="Replaces the one of that name")
    search: Annotated[
        str,
        Field(
            max_length=8000,
            pattern=NO_CONTROLS,
            description="As the address of the page says it, behind the '?'",
            examples=["q=red+shoes&is.brand=Puma&sort=price"],
        ),
    ]


class SavedSearchOut(BaseModel):
    """A search with a name."""

    name: str = Field(description="As it was saved")
    search: str = Field(description="As the address of the page says it")
    saved_at: str = Field(description="ISO 8601, UTC")


class SavedSearchesOut(BaseModel):
    """The saved searches of a collection, by name."""

    searches: list[SavedSearchOut] = Field(description="By name")
