"""The OpenAPI document: what FastAPI makes of the routes, and what it cannot know."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.http.schemas.background.webhooks import EventOut
from api.http.schemas.common import RecordsIn
from api.http.schemas.imports import ImportEnd, LineOutcome
from api.http.schemas.labels import CaptionsIn, LabelsIn, MatchIn
from api.http.schemas.lookup import LookupIn, LookupOutcome, LookupsIn
from api.http.schemas.search import SearchBesideIn, SearchIn

_UNNAMED: tuple[tuple[type[BaseModel], JsonSchemaMode], ...] = (
    *((one, "validation") for one in (
        SearchIn, SearchBesideIn, RecordsIn, LookupIn, LookupsIn, LabelsIn, MatchIn, CaptionsIn,
    )),
    *((one, "serialization") for one in (LineOutcome, ImportEnd, LookupOutcome, EventOut)),
)  # fmt: skip
"""What comes in a form or by the line, or is posted by the service: no route names it."""
_IN_PATHS = {
    "name": "The collection, or an alias of it",
    "alias": "The alias",
    "record_id": "The record's id, percent-encoded",
    "job_id": "The job's id, as starting it has told",
    "version": "Which version, from 1",
    "key_name": "The key's name",
    "webhook_id": "The webhook's id",
    "list_name": "The list's name",
}
_RETRY = {"description": "In how many seconds to try again", "schema": {"type": "integer"}}
_BUSY = ("429", "503")
_TOLD = {
    "summary": "A job has ended, or the webhook is tested",
    "description": "Posted to the webhooks that are for it, signed as Standard Webhooks has it: "
    "webhook-signature is 'v1,' and the base64 of HMAC-SHA256, with the base64 behind 'whsec_' of "
    "the secret as its key, over webhook-id, webhook-timestamp and the body, joined by dots. Any "
    "2xx takes it, 410 ends the webhook, and what else is answered has it sent again, with the "
    "same webhook-id, for days.",
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EventOut"}}},
    },
    "responses": {"204": {"description": "It was taken; any 2xx says so"}},
}


def complete(schema: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
    """Add to an OpenAPI document what FastAPI does not know of.

    Args:
        schema: As made; changed.
        is_open: Whether the service asks for no keys.
    """
    _, extra = models_json_schema(_UNNAMED, ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] = {**extra["$defs"], **schema["components"]["schemas"]}
    schema["components"]["headers"] = {"Retry": _RETRY}
    schema["webhooks"] = {"job": {"post": {"operationId": "job_ended", **_TOLD}}}
    for path in schema["paths"].values():
        for operation in path.values():
            if is_open and "security" in operation and {} not in operation["security"]:
                operation["security"].append({})  # without keys none is asked for
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in _IN_PATHS:
                    parameter["description"] = _IN_PATHS[parameter["name"]]
            for status, response in operation["responses"].items():
                if status[0] in "45":
                    response.get("content", {}).pop("application/json", None)
                if status in _BUSY:
                    response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry"}}
    return schema
