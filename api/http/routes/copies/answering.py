"""Pictures to look up: where they are had, what is known of them, and what of that is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from api.http.errors.problems import ServiceError, at_field
from api.http.mapping import payloads
from api.http.mapping.pictures import thumbnail_path
from api.http.mapping.public_names import public_uri
from api.http.runtime.log_lines import log_lookup
from api.http.runtime.service import Service
from api.http.schemas.lookup import LookupBesideIn, LookupOut, PictureIn
from api.operations.copies import answer_as_json, open_lookup
from binocle.collection.collection import Collection
from binocle.errors import QueryError, UrlError
from search.copies.lookup_candidates import LookupAnswer
from search.copies.policy import Rule, action_of, rules_of


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a picture, and what a policy says to do; None without a policy."""

    answer: LookupAnswer
    action: str | None = None


async def data_of(service: Service, asked: PictureIn) -> bytes:
    """Return the file of a picture that came along in base64, or lies at a URL.

    Raises:
        ServiceError: 422, it is neither, or no base64, or the URL may not or cannot be fetched.
    """
    if (asked.image is None) == (asked.url is None):
        detail = "a picture is an image in base64 or a url; give one of the two"
        raise ServiceError(422, "invalid", detail, field="image")
    if asked.image is not None:
        return payloads.decoded(asked.image, "image")
    try:
        data: bytes = await service.fetching.run(service.container.fetch, asked.url)
    except UrlError as error:
        raise at_field(error, "url") from error
    return data


async def look_up(
    request: Request,
    service: Service,
    collection: Collection,
    data: bytes,
    asked: LookupBesideIn,
) -> Answered:
    """Look a picture up, and have the log tell of it.

    Raises:
        PictureError: It cannot be read.
        ServiceError: 503, too much waits already.
    """
    answer: LookupAnswer = await service.searching.run(_find, service, collection, data, asked)
    best = answer.candidates[0] if answer.candidates else None
    rules = policy_of(asked)
    action = None if rules is None else action_of(rules, answer.judgements)
    log_lookup(
        request.scope,
        data,
        verdict=answer.verdict,
        confidence=None if best is None else best.judgement.confidence,
        record=None if best is None else best.record.id,
        listed=f"{answer.listed[0].list_name}:{answer.listed[0].hash}" if answer.listed else None,
        policy=asked.policy,
        action=action,
    )
    return Answered(answer, action)


def policy_of(asked: LookupBesideIn) -> Sequence[Rule] | None:
    """Return the rules of a lookup's policy; None where it has none.

    Raises:
        ServiceError: 422, it cannot be read.
    """
    try:
        return None if asked.policy is None else rules_of(asked.policy)
    except QueryError as error:
        raise at_field(error, "policy") from error


def _find(
    service: Service, collection: Collection, data: bytes, asked: LookupBesideIn
) -> LookupAnswer:
    finder = open_lookup(
        service.container,
        collection,
        decode=service.decoders.decode,
        with_similar=not asked.copies_only,
    )
    return finder.find(data, limit=asked.limit)


def answer_out(answered: Answered, name: str) -> LookupOut:
    """Return an answer as it is sent: uris tell nothing of this machine's folders.

    Args:
        answered: What is known of a picture, and what to do.
        name: Of the collection, as it was asked for.
    """
    found: dict[str, Any] = {**answer_as_json(answered.answer), "action": answered.action}
    for one in found["candidates"]:
        one["uri"] = public_uri(one["uri"])
        one["part"]["uri"] = public_uri(one["part"]["uri"])
        one["thumbnail"] = thumbnail_path(name, one["id"], one["part"]["id"])
    return LookupOut.model_validate(found)
