"""The tools ``collections``, ``look`` and ``compare``: what there is, near and side by side."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from api.http.mapping.public_names import public_model
from api.http.mapping.stored_records import texts_by_role
from api.http.mcp.arguments import CollectionsTool, CompareTool, LookTool
from api.http.mcp.caller import ToolAnswer, ToolCaller, find_records, row_of, telling, title_of
from api.http.mcp.lines import shortened
from api.http.mcp.sheets import Tile, picture_of, sheet_of
from binocle.collection.collection import Collection
from binocle.media.kinds import KINDS
from binocle.types import Record

_MOST_FIELDS = 80
_EXAMPLES, _LONGEST_EXAMPLE = 3, 40
_LONGEST_TEXT = 2000
_MOST_PICTURES = 12
_SIDE, _LARGE = 640, 1280


async def collections(caller: ToolCaller, asked: CollectionsTool) -> ToolAnswer:
    """Answer which collections there are; of one, which fields records have."""
    service = caller.service
    if asked.collection is not None:
        collection = await caller.opened(asked.collection)
        own = await service.storing.run(_described, collection, asked.collection)
        fields = await service.storing.run(_fields, collection)
        told = f"{own['records']} records with {len(fields)} fields"
        rows = [row_of(*one.values()) for one in fields]
        return ToolAnswer(told, {"collections": [own], "fields": fields}, rows)
    names = await service.storing.run(service.names_for, caller.key)
    every = [
        await service.storing.run(_described, await service.opened(name), name) for name in names
    ]
    lines = [f"{one['name']}: {one['records']} records" for one in every]
    told = "; ".join(lines) or "There is no collection yet; 'binocle index FOLDER' makes one"
    return ToolAnswer(told, {"collections": every, "fields": []})


async def look(caller: ToolCaller, asked: LookTool) -> ToolAnswer:
    """Answer with all that records say, and their pictures: one large, or several as a sheet."""
    collection = await caller.opened(asked.collection)
    found = await caller.service.searching.run(find_records, collection, asked.ids)
    found.check()
    shown = [_whole(number, one) for number, one in enumerate(found.records, 1)]
    first, told = found.records[0], "The picture has their numbers"
    own = [part.id for part in first.parts if part.picture is not None][:_MOST_PICTURES]
    if len(shown) == 1 and len(own) == 1:
        told = "Its picture"
        side = _LARGE if asked.large else _SIDE
        picture = await picture_of(caller.service, collection, (1, first.id, own[0]), side)
    elif len(shown) == 1 and own:
        told = f"Its {len(own)} pictures, in order"
        tiles: list[Tile] = [(number, first.id, part) for number, part in enumerate(own, 1)]
        picture = await sheet_of(caller.service, collection, tiles)
    else:
        picture = await sheet_of(caller.service, collection, _tiles(found.records))
    said = [told if picture else "There is no picture", *found.complaints]
    content = {"records": shown, "notes": found.complaints}
    return ToolAnswer(". ".join(said), content, [row_of(one) for one in shown], picture)


async def compare(caller: ToolCaller, asked: CompareTool) -> ToolAnswer:
    """Answer in which fields records agree and differ, and how like their vectors are."""
    collection = await caller.opened(asked.collection)
    found = await caller.service.searching.run(find_records, collection, asked.ids)
    found.check(2)
    records = found.records
    same, different = _fields_of(records)
    likeness = await caller.service.searching.run(_likeness, collection, records)
    picture = await sheet_of(caller.service, collection, _tiles(records))
    named = [{"n": n, "id": one.id, "title": _title(one)} for n, one in enumerate(records, 1)]
    content = {
        "records": named,
        "same": same,
        "different": different,
        "similarity": likeness,
        "notes": found.complaints,
    }
    rows = [row_of(*one.values()) for one in named]
    rows += [row_of("same in all", same)] if same else []
    rows += [row_of("differs", name, values) for name, values in different.items()]
    told = "; ".join(f"{one['a']} and {one['b']}: {one['cosine']}" for one in likeness)
    said = [f"Cosine of {one}" if (one := told) else "No two can be compared by vectors"]
    return ToolAnswer(". ".join([*said, *found.complaints]), content, rows, picture)


def _described(collection: Collection, name: str) -> dict[str, Any]:
    space = collection.space
    with collection.reading() as session:
        records, parts = session.records.count(), session.parts.count()
    return {
        "name": name,
        "records": records,
        **{f"{kind}s": parts[kind] for kind in KINDS},
        "model": public_model(space.name) if space else None,
    }


def _fields(collection: Collection) -> list[dict[str, Any]]:
    """Return the fields that most records have, with examples of their values."""
    every = {one.name: one for one in collection.fields()}
    told = telling(sorted(every, key=lambda name: -every[name].records))
    known = [every[name] for name in told[:_MOST_FIELDS]]
    return [
        {
            "name": one.name,
            "type": one.type,
            "records": one.records,
            "examples": [
                shortened(value, _LONGEST_EXAMPLE) if isinstance(value, str) else value
                for value in one.examples[:_EXAMPLES]
            ],
        }
        for one in known
    ]


def _whole(number: int, record: Record) -> dict[str, Any]:
    """Return all that a record says, very long texts cut."""
    texts = texts_by_role(record.parts)
    return {
        "n": number,
        "id": record.id,
        "texts": {
            role: [shortened(one, _LONGEST_TEXT) for one in every] for role, every in texts.items()
        },
        "metadata": {
            name: shortened(value, _LONGEST_TEXT) if isinstance(value, str) else value
            for name, value in record.metadata.items()
        },
        "pictures": sum(part.picture is not None for part in record.parts),
    }


def _title(record: Record) -> str | None:
    return title_of(texts_by_role(record.parts), record.metadata)


def _tiles(records: Sequence[Record]) -> list[Tile]:
    return [(number, one.id, None) for number, one in enumerate(records, 1)]


def _fields_of(records: Sequence[Record]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the fields in which all agree, and of the others each record's value, in order."""
    names = telling(dict.fromkeys(name for one in records for name in one.metadata))
    every: Mapping[str, list[Any]] = {
        name: [one.metadata.get(name) for one in records] for name in names
    }
    same = {name: own[0] for name, own in every.items() if all(one == own[0] for one in own)}
    return same, {name: own for name, own in every.items() if name not in same}


def _likeness(collection: Collection, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return how like each two are: the best cosine of their pictures, or of their texts."""
    vectors = [collection.vectors_of(one.id)[1] for one in records]
    found = []
    for (a, first), (b, second) in itertools.combinations(enumerate(vectors, 1), 2):
        kind = next((one for one in KINDS if first.get(one) and second.get(one)), None)
        if kind is not None:
            best = max(float(x @ y) for x in first[kind] for y in second[kind])
            found.append({"a": a, "b": b, "of": kind, "cosine": round(best, 3)})
    return found
