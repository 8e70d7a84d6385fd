"""Reading requests that are JSON, or a form with the same JSON and files beside it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from api.http.errors.problems import ServiceError
from api.http.errors.validation_messages import explain, one_line
from api.http.mapping.documents import loaded

_Model = TypeVar("_Model", bound=BaseModel)
_MAX_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Body:
    """What a request brought.

    Attributes:
        text: The JSON, not yet parsed; None in a form that has none.
        is_form: Whether it was a form.
        files: Names and contents of a form's files, in order.
        others: Names of a form's other fields.
    """

    text: bytes | str | None
    is_form: bool = False
    files: list[tuple[str, bytes]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def json_or_form(schema: str, part: str, about: str) -> dict[str, Any]:
    """Return what OpenAPI is told of a body that is JSON, or a form with a picture beside JSON.

    Args:
        schema: Names the JSON's model.
        part: The form field that holds the JSON.
        about: What to say of that.
    """
    fields = {
        "image": {"type": "string", "format": "binary"},
        part: {"type": "string", "description": about},
    }
    form = {"type": "object", "properties": fields, "required": ["image"]}
    content = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}},
        "multipart/form-data": {"schema": form},
    }
    return {"requestBody": {"required": True, "content": content}}


async def read(request: Request, part: str, *, max_files: int) -> Body:
    """Read a request's body.

    Args:
        request: The request.
        part: The form field that holds the JSON.
        max_files: Most files in a form.

    Raises:
        ServiceError: 422, it is neither JSON nor a form.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in ("application/json", ""):
        return Body(await request.body())
    if kind != "multipart/form-data":
        detail = f"this takes JSON or a form, and cannot read {one_line(kind)}"
        raise ServiceError(422, "invalid", detail, field="content-type")
    text: str | None = None
    files: list[tuple[str, bytes]] = []
    others: list[str] = []
    async with request.form(max_files=max_files, max_fields=_MAX_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append((name, await value.read()))
            elif name == part:
                text = value
            else:
                others.append(name)
    return Body(text, is_form=True, files=files, others=others)


async def with_files(
    request: Request, part: str, model: type[_Model], *, max_files: int
) -> tuple[_Model, list[bytes]]:
    """Return the model of a request that is JSON, or a form with pictures beside the same JSON.

    Args:
        request: The request.
        part: The form field that holds the JSON; without it the JSON is empty.
        model: What the JSON is.
        max_files: Most files in a form.

    Raises:
        ServiceError: 422, it is neither, does not fit the model, or has a field of another name.
    """
    body = await read(request, part, max_files=max_files)
    if body.others:
        raise unknown_part(body, f"image and {part}")
    asked = parse(model, body.text or ("{}" if body.is_form else ""))
    return asked, [data for _, data in body.files]


def unknown_part(body: Body, known: str) -> ServiceError:
    """Return the error of a form with a field that is not known, and what is known."""
    name = body.others[0]
    detail = f"the form field {one_line(name)} is not known here; known are {known}"
    return ServiceError(422, "invalid", detail, field=name)


def parse(model: type[_Model], text: bytes | str) -> _Model:
    """Return the model that a JSON text holds.

    Raises:
        ServiceError: 422, it is no JSON, or does not fit the model.
    """
    if not text.strip():
        raise ServiceError(422, "invalid", "the body is empty; send a JSON object", field="body")
    try:
        document = loaded(text)
    except (ValueError, RecursionError) as error:
        detail = f"the body is no JSON ({error})"
        raise ServiceError(422, "invalid", detail, field="body") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise refusal(error.errors(), document, model) from error


def refusal(
    errors: Sequence[Mapping[str, Any]], document: object, model: type[BaseModel], place: str = ""
) -> ServiceError:
    """Return why a document does not fit a model, naming the part that does not.

    Args:
        errors: At least one, as pydantic lists them.
        document: What does not fit.
        model: What it should fit.
        place: Where it stands in a larger one, such as ``searches.3.``.
    """
    field, reason = explain(errors, document, model, place)
    return ServiceError(422, "invalid", reason, field=field or "body")


def decoded(text: str, field: str) -> bytes:
    """Return what a base64 text, or a data URL, holds.

    Raises:
        ServiceError: 422, it is no base64.
    """
    try:
        return base64.b64decode(text.rsplit(",", 1)[-1], validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"{field} is no base64 ({error})"
        raise ServiceError(422, "invalid", detail, field=field) from error
