"""The tool ``lookup``: is a picture, or something made from it, in a collection?"""

from typing import Any

from api.http.errors.problems import ServiceError
from api.http.mapping.payloads import decoded
from api.http.mcp.arguments import LookupTool
from api.http.mcp.caller import ToolAnswer, ToolCaller, find_records, row_of, title_of
from api.http.mcp.lines import shortened
from api.http.mcp.sheets import sheet_of
from api.operations.copies import open_lookup
from api.operations.plurals import counted
from binocle.collection.collection import Collection
from search.copies.hash_lists.hash_list import ListedMatch
from search.copies.lookup_candidates import LookupAnswer
from search.copies.verdicts import COPIES, Verdict

_SURE = 2
_LABEL = 160


async def lookup(caller: ToolCaller, asked: LookupTool) -> ToolAnswer:
    """Answer what a picture is of those in a collection, each copy verified pixel by pixel."""
    if (asked.picture is None) == (asked.id is None):
        detail = "give either picture, in base64, or the id of a record"
        raise ServiceError(422, "invalid", detail, field="picture")
    collection = await caller.opened(asked.collection)
    own: str | None = None
    if asked.id is not None:
        home = collection
        if asked.id_collection is not None:
            home = await caller.opened(asked.id_collection, "id_collection")
        data = await caller.service.decoding.run(_stored, caller, home, asked.id)
        own = asked.id if home is collection else None
    else:
        data = decoded(asked.picture or "", "picture")
    limit = asked.limit + (own is not None)
    found = await caller.service.searching.run(_find, caller, collection, data, limit)
    candidates = [one for one in found.candidates if one.record.id != own][: asked.limit]
    shown = [
        {
            "n": number,
            "id": one.record.id,
            "verdict": one.judgement.verdict,
            "confidence": round(one.judgement.confidence, _SURE),
            "title": title_of({}, one.record.metadata),
        }
        for number, one in enumerate(candidates, 1)
    ]
    tiles = [(number, one.record.id, one.part.id) for number, one in enumerate(candidates, 1)]
    picture = await sheet_of(caller.service, collection, tiles) if tiles else None
    best: Verdict = candidates[0].judgement.verdict if candidates else "none"
    verdict: Verdict = best if best in COPIES or not found.listed else "hash-match"
    listed = [_listed(one) for one in found.listed[: asked.limit]]
    content = {
        "verdict": verdict,
        "candidates": shown,
        "listed": listed,
        "verified": found.verified,
    }
    rows = [row_of(*one.values()) for one in (*shown, *listed)]
    return ToolAnswer(_told(verdict, found, is_of_others=own is not None), content, rows, picture)


def _listed(match: ListedMatch) -> dict[str, Any]:
    return {
        "list": match.list_name,
        "label": shortened(match.label, _LABEL),
        "distance": match.distance,
        "confidence": round(match.judgement.confidence, _SURE),
    }


def _told(verdict: Verdict, found: LookupAnswer, *, is_of_others: bool) -> str:
    others = " other" if is_of_others else ""
    if verdict == "hash-match" and found.listed:
        return (
            f"No{others} copy; {counted(len(found.listed), 'hash')} of lists near the picture's: "
            "nobody has compared the pictures"
        )
    if verdict == "none":
        return f"No{others} such picture"
    return f"The best of the{others} pictures is: {verdict}"


def _stored(caller: ToolCaller, collection: Collection, record_id: str) -> bytes:
    found = find_records(collection, [record_id])
    found.check()
    part = next((one for one in found.records[0].parts if one.picture is not None), None)
    if part is None:
        detail = f"the record {record_id!r} has no picture"
        raise ServiceError(422, "invalid", detail, field="id")
    return caller.service.container.media(collection).read(part.uri)


def _find(caller: ToolCaller, collection: Collection, data: bytes, limit: int) -> LookupAnswer:
    service = caller.service
    finder = open_lookup(service.container, collection, decode=service.decoders.decode)
    return finder.find(data, limit=limit)
