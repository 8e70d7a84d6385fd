"""What the tools take. Descriptions are read by models with every request: they are short."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from api.http.mapping.payloads import refusal
from api.http.schemas.common import RecordId, Strict, Text

_Model = TypeVar("_Model", bound=BaseModel)
MOST_HITS = 30
_MOST_PICTURE_CHARACTERS = 6_000_000  # of base64

_Collection = Annotated[str | None, Field(max_length=200, description="Not needed if only one")]
_Ids = list[RecordId]
_Filter = Annotated[
    str | None,
    Field(max_length=4000, description="price < 100 and color in (Red, 'Navy Blue')"),
]
_Words = Annotated[Text | None, Field(description="What to look for, in plain words")]
_Picture = Annotated[
    str | None,
    Field(min_length=1, max_length=_MOST_PICTURE_CHARACTERS, description="Base64"),
]
_FieldName = Annotated[str, Field(min_length=1, max_length=200)]


class CollectionsTool(Strict):
    """Of ``collections``."""

    collection: Annotated[
        str | None, Field(max_length=200, description="Tell its fields, types and examples")
    ] = None


class SearchTool(Strict):
    """Of ``search``."""

    collection: _Collection = None
    words: _Words = None
    picture: _Picture = None
    like: _Ids = Field(default_factory=list, max_length=16, description="Ids of records to be like")
    unlike: _Ids = Field(default_factory=list, max_length=16, description="Ids to keep away from")
    filter: _Filter = None
    sort: Annotated[str | None, Field(max_length=300, description="Such as -price")] = None
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 12
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    fields: list[_FieldName] = Field(
        default_factory=list, max_length=32, description="Metadata to tell; a few if not given"
    )
    pictures: Annotated[bool, Field(description="Show them")] = True


class LookTool(Strict):
    """Of ``look``."""

    collection: _Collection = None
    ids: Annotated[_Ids, Field(min_length=1, max_length=12)]
    large: Annotated[bool, Field(description="Of one record: 1280 pixels, not 640")] = False


class LookupTool(Strict):
    """Of ``lookup``."""

    collection: _Collection = None
    picture: _Picture = None
    id: Annotated[RecordId | None, Field(description="A record, instead of a picture")] = None
    id_collection: Annotated[
        str | None, Field(max_length=200, description="Where that record is, if elsewhere")
    ] = None
    limit: Annotated[int, Field(ge=1, le=12)] = 6


class CountTool(Strict):
    """Of ``count``."""

    collection: _Collection = None
    words: _Words = None
    filter: _Filter = None
    by: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list,
        max_length=8,
        description="Fields: color, price:numbers:5, added:dates:month",
    )


class CompareTool(Strict):
    """Of ``compare``."""

    collection: _Collection = None
    ids: Annotated[_Ids, Field(min_length=2, max_length=8)]


def parsed(model: type[_Model], arguments: Mapping[str, Any]) -> _Model:
    """Return arguments as their model has them; nulls are as good as left out.

    Raises:
        ServiceError: 422, they do not fit; it names the one that does not.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise refusal(error.errors(), given, model) from error


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments, without what tells a model nothing."""
    schema = model.model_json_schema()
    return {
        "type": "object",
        "properties": {name: _plain(one) for name, one in schema["properties"].items()},
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a property's schema without its title and pattern, and without null beside a type."""
    own = {name: one for name, one in schema.items() if name not in ("title", "pattern", "anyOf")}
    if own.get("default", 0) is None:
        del own["default"]
    for choice in schema.get("anyOf", ()):
        if choice["type"] != "null":
            own |= {name: one for name, one in choice.items() if name != "pattern"}
    if "items" in own:
        own["items"] = {"type": own["items"]["type"]}
    return own
