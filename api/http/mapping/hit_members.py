"""What a hit tells of itself over HTTP, and which of it a client wants."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from api.http.errors.problems import ServiceError
from api.http.errors.validation_messages import one_line
from api.http.mapping.answers import answer_as_json, hit_as_json
from api.http.mapping.pictures import picture_members
from api.http.mapping.public_names import public_model, public_uri
from api.http.mapping.stored_records import part_json, texts_by_role
from api.http.schemas.answers import HitOut
from binocle.collection.collection import Collection
from binocle.types import Hit, Part
from search.keyword.highlights import highlighted
from search.results.answer import Answer

_Value = TypeVar("_Value")
_OPEN = ("metadata", "texts")  # members with names of the client's own in them
_ALWAYS = frozenset(("id", "others"))
_MAX_HIGHLIGHTS = 8


@dataclass(frozen=True, slots=True)
class HitMembers:
    """The members of hits that go over the wire.

    Attributes:
        names: Of members; None for all.
        inner: Of ``metadata`` and ``texts``: the names in them that are wanted, where not all are.
    """

    names: frozenset[str] | None
    inner: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, fields: Sequence[str], place: str = "") -> "HitMembers":
        """Read what a client wants, such as ``picture`` and ``metadata.price``; nothing is all.

        Raises:
            ServiceError: 422, hits have no such member.
        """
        names, whole = set(_ALWAYS), set()
        inner: dict[str, set[str]] = {}
        for number, one in enumerate(fields):
            name, dot, rest = one.partition(".")
            if name not in HitOut.model_fields or (dot and (name not in _OPEN or not rest)):
                known = ", ".join(HitOut.model_fields)
                detail = f"hits have no {one_line(one)}; they have {known}, and of metadata and "
                detail += "texts what is written as metadata.price"
                raise ServiceError(422, "invalid", detail, field=f"{place}fields.{number}")
            names.add(name)
            if dot:
                inner.setdefault(name, set()).add(rest)
            else:
                whole.add(name)
        chosen = {name: frozenset(own) for name, own in inner.items() if name not in whole}
        return cls(frozenset(names) if fields else None, chosen)

    def has(self, name: str) -> bool:
        """Tell whether a member is wanted."""
        return self.names is None or name in self.names

    def chosen(self, hit: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is wanted of a hit and of the others of its group."""
        found = {name: value for name, value in hit.items() if self.has(name)}
        return {**found, "others": [self.chosen(other) for other in hit["others"]]}

    def within(self, name: str, values: Mapping[str, _Value]) -> dict[str, _Value]:
        """Return what is wanted of a member's values."""
        wanted = self.inner.get(name)
        return {one: value for one, value in values.items() if wanted is None or one in wanted}


ALL = HitMembers(None, {})


def search_json(
    answer: Answer,
    collection: Collection,
    warnings: list[str],
    members: HitMembers = ALL,
    *,
    name: str = "",
) -> str:
    """Return an answer as it goes over the wire: a ``SearchOut`` without the time it took.

    Args:
        answer: The answer.
        collection: What was searched.
        warnings: What to tell of the query.
        members: What of hits is wanted.
        name: What the client calls the collection, for paths; its own name where that is empty.
    """
    name, space = name or collection.path.name, collection.space
    document = {
        **answer_as_json(answer, lambda hit: hit_members(hit, name, members)),
        "space": public_model(space.name) if space else None,
        "warnings": warnings,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def with_times(answer: str, took_ms: dict[str, float]) -> str:
    """Return what ``search_json`` returned with the milliseconds that it took, by stage."""
    return f'{answer[:-1]},"took_ms":{json.dumps(took_ms, separators=(",", ":"))}}}'


def hit_members(hit: Hit, collection: str, members: HitMembers) -> dict[str, Any]:
    """Return a hit as it goes over the wire: a ``HitOut`` with the members that are wanted."""

    def shown(hit: Hit) -> dict[str, Any]:
        return {
            "uri": public_uri(hit.record.uri),
            "part": part_json(hit.part),
            **picture_members(collection, hit.record.id, _shown_picture(hit)),
            "texts": members.within("texts", texts_by_role(hit.record.parts)),
            "highlights": list(_highlights(hit)) if members.has("highlights") else [],
            "metadata": members.within("metadata", hit.record.metadata),
        }

    return members.chosen(hit_as_json(hit, shown))


def _shown_picture(hit: Hit) -> Part | None:
    """Return the picture that stands for a hit: what matched, else the record's first one."""
    if hit.part.picture is not None:
        return hit.part
    return next((one for one in hit.record.parts if one.picture is not None), None)


def _highlights(hit: Hit) -> Iterator[dict[str, Any]]:
    words = [word for one in hit.contributions for word in one.words]
    if not words:
        return
    found = 0
    said: set[str] = set()
    for kind, name, text in _written(hit):
        pieces = highlighted(text, words) if text not in said else ()
        said.add(text)
        if pieces:
            yield {
                "kind": kind,
                "name": name,
                "pieces": [{"text": one.text, "matched": one.matched} for one in pieces],
            }
            found += 1
        if found == _MAX_HIGHLIGHTS:
            return


def _written(hit: Hit) -> Iterator[tuple[str, str, str]]:
    """Yield what is written on a record: the texts, then the metadata."""
    for part in hit.record.parts:
        if part.text is not None:
            yield "text", part.role, part.text
    for name, value in hit.record.metadata.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield "field", name, one
