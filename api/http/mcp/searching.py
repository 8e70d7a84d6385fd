"""The tools ``search`` and ``count``: the service's own searches, told briefly."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from api.http.errors.problems import ServiceError
from api.http.mapping.payloads import decoded
from api.http.mapping.queries import SearchRequest
from api.http.mcp.arguments import CountTool, SearchTool
from api.http.mcp.caller import ToolAnswer, ToolCaller, few_fields, find_records, row_of, title_of
from api.http.mcp.candidates import check_fields, check_filter
from api.http.mcp.sheets import Tile, sheet_of
from api.http.runtime.metrics import Stopwatch
from api.http.schemas.search import SearchIn, TermIn
from binocle.collection.collection import Collection
from binocle.metadata.filters import Filter
from search.query.filter_language import parse_where
from search.query.notation import parse_facet, parse_sort

_MEMBERS = ["relevance", "kind", "part", "texts", "metadata"]
_SURE = 2  # digits of a relevance


async def search(caller: ToolCaller, asked: SearchTool) -> ToolAnswer:
    """Answer a search with its hits, numbered, and one picture that shows them."""
    collection = await caller.opened(asked.collection)
    if asked.sort is not None:
        sort = parse_sort(asked.sort)
        await caller.service.searching.run(check_fields, collection, [sort.field], "sort")
    where, notes = await _filter(caller, collection, asked.filter)
    terms, unknown = await _terms(caller, collection, asked)
    body = SearchIn(
        query=terms,
        limit=asked.limit,
        offset=asked.offset,
        sort=[asked.sort] if asked.sort else [],
        fields=_MEMBERS,
    )
    request = SearchRequest(body, where=where, terms_field="words")
    found = await _answer(caller, collection, request)
    hits = list(_hits(found, asked))
    picture = None
    if asked.pictures and hits:
        tiles = list(_tiles(found, asked.offset))
        picture = await sheet_of(caller.service, collection, tiles)
    notes += [*unknown, *found["warnings"]]
    content = {
        "hits": hits,
        "relevant": found["relevant"],
        "no_match": found["no_match"],
        "next_offset": asked.offset + len(hits) if found["cursor"] else None,
        "notes": notes,
    }
    rows = [
        row_of(one["n"], one["id"], one["relevance"], one["title"], one["fields"]) for one in hits
    ]
    return ToolAnswer(_told(found, hits, asked, notes), content, rows, picture)


async def count(caller: ToolCaller, asked: CountTool) -> ToolAnswer:
    """Answer how many records there are, and of which values of some fields."""
    collection = await caller.opened(asked.collection)
    where, notes = await _filter(caller, collection, asked.filter)
    facets = [parse_facet(one) for one in asked.by]
    fields = [one.field for one in facets]
    await caller.service.searching.run(check_fields, collection, fields, "by")
    error, counted = 0, []
    if asked.words or asked.by or where is not None:
        body = SearchIn(query=asked.words or [], facets=list(asked.by), limit=1, fields=["id"])
        found = await _answer(caller, collection, SearchRequest(body, where=where))
        total, error = (0 if found["no_match"] else found["relevant"]), found["relevant_error"]
        counted, notes = found["facets"], [*notes, *found["warnings"]]
    else:
        total = await caller.service.searching.run(_records, collection)
    content = {"count": total, "error": error, "facets": counted, "notes": notes}
    about = f"about {total} (±{error})" if error else str(total)
    said = "nobody can tell how many" if total is None else f"{about} records"
    rows = [row_of(one["field"], _buckets(one), _rest(one)) for one in counted]
    return ToolAnswer(". ".join([said, *notes]), content, rows)


def _records(collection: Collection) -> int:
    with collection.reading() as session:
        return session.records.count()


async def _filter(
    caller: ToolCaller, collection: Collection, typed: str | None
) -> tuple[Filter | None, list[str]]:
    """Return a filter, and what to know of it."""
    where = parse_where(typed) if typed and typed.strip() else None
    notes: list[str] = await caller.service.searching.run(check_filter, collection, where)
    return where, notes


async def _terms(
    caller: ToolCaller, collection: Collection, asked: SearchTool
) -> tuple[str | list[TermIn], list[str]]:
    """Return what is looked for; an unknown id costs only itself."""
    if asked.words and not (asked.picture or asked.like or asked.unlike):
        return asked.words, []
    ids = [*asked.like, *asked.unlike]
    found = await caller.service.searching.run(find_records, collection, ids)
    if ids:
        found.check()
    terms = [TermIn(text=asked.words)] if asked.words else []
    if asked.picture:
        data = base64.b64encode(decoded(asked.picture, "picture")).decode()
        terms.append(TermIn(image=data))
    weights = {**dict.fromkeys(asked.unlike, -1.0), **dict.fromkeys(asked.like, 1.0)}
    terms += [TermIn(record=one.id, weight=weights[one.id]) for one in found.records]
    if terms and all(one.weight < 0 for one in terms):
        detail = "unlike needs words, a picture or like beside it"
        raise ServiceError(422, "bad-query", detail, field="unlike")
    return terms, found.complaints


async def _answer(
    caller: ToolCaller, collection: Collection, request: SearchRequest
) -> dict[str, Any]:
    watch = Stopwatch(caller.service.metrics)
    found = await caller.service.searches.answer(collection, request, watch)
    document: dict[str, Any] = json.loads(found)
    return document


def _hits(found: Mapping[str, Any], asked: SearchTool) -> Iterator[dict[str, Any]]:
    for number, hit in enumerate(found["hits"], asked.offset + 1):
        relevance = hit["relevance"]
        yield {
            "n": number,
            "id": hit["id"],
            "relevance": round(relevance, _SURE) if relevance is not None else None,
            "title": title_of(hit["texts"], hit["metadata"]),
            "fields": few_fields(hit["metadata"], asked.fields),
        }


def _tiles(found: Mapping[str, Any], offset: int) -> Iterator[Tile]:
    for number, hit in enumerate(found["hits"], offset + 1):
        yield number, hit["id"], hit["part"]["id"] if hit["kind"] == "image" else None


def _told(
    found: Mapping[str, Any], hits: list[dict[str, Any]], asked: SearchTool, notes: list[str]
) -> str:
    """Return what was found in one line or a few."""
    relevant, error = found["relevant"], found["relevant_error"]
    about = f"about {relevant} (±{error})" if error else str(relevant)
    said = [f"{about} records fit"] if relevant is not None and not found["no_match"] else []
    if found["no_match"]:
        said = ["Nothing fits" + ("; these are only the nearest" if hits else "")]
    if hits:
        said.append(f"shown are {hits[0]['n']} to {hits[-1]['n']}")
        if relevant is not None and not found["no_match"] and hits[-1]["n"] > relevant:
            said.append(f"those behind {relevant} fit less")
        if found["cursor"]:
            said.append(f"offset={asked.offset + len(hits)} shows more")
    elif relevant:
        said.append("no hit is that far down; take a smaller offset")
    return ". ".join([*said, *notes])


def _buckets(facet: Mapping[str, Any]) -> dict[str, int]:
    """Return a facet's counts by value, or by the range of a bar."""
    return {
        str(one["value"]) + (f"..{one['end']}" if one["end"] is not None else ""): one["count"]
        for one in facet["buckets"]
    }


def _rest(facet: Mapping[str, Any]) -> dict[str, int]:
    return {name: facet[name] for name in ("others", "missing") if facet[name]}
