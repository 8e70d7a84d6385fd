"""Errors as RFC 9457 problem documents, each with a stable code and the request's id."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.aliases import AliasError
from api.http.errors.validation_messages import explain, one_line
from api.http.schemas.common import Problem
from binocle import errors
from binocle.errors import BinocleError

_log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
CLIENT_GONE = 499  # in the log and the metrics only; no answer has it

# The first entry that fits decides. What is not here is our fault and tells nothing: 500.
_STATUS: tuple[tuple[type[BinocleError], int], ...] = (
    (AliasError, 409),
    (errors.NotFoundError, 404),
    (errors.StaleCursorError, 410),
    (errors.SpaceMismatchError, 409),
    (errors.DamagedListError, 409),
    (errors.BusyError, 503),
    (errors.UnreachableError, 503),
    (errors.ModelError, 503),
    (errors.PictureTooLargeError, 413),
    (errors.PictureError, 422),
    (errors.SourceError, 422),
    (errors.UsageError, 422),
)

_UNTOLD = "see the service's log"
_AWAY = "the server that has the collection's vectors does not answer; try again"


class ServiceError(BinocleError):
    """An error of the door itself, with its status."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.field = field
        self.headers = headers or {}


class GoneError(HTTPException):
    """The client has gone; what is still answered is not sent."""

    def __init__(self) -> None:
        super().__init__(CLIENT_GONE, "the client has gone")


def overloaded() -> ServiceError:
    """Return the answer of a full queue: come back in a second."""
    return ServiceError(
        503, "overloaded", "too many requests are waiting; try again", headers={"Retry-After": "1"}
    )


def at_field(error: BinocleError, field: str) -> ServiceError:
    """Return an error with the part of the request it is about."""
    return ServiceError(status_of(error), error.code, str(error), field=field)


def problem_of(request: Request, error: BinocleError) -> Problem:
    """Return an error as a problem; what is our fault tells nothing but in the log."""
    detail = shown(error, f"request {request.state.request_id}")
    if not tells(error):
        return _problem(request, 500, "internal", None)
    field = error.field if isinstance(error, ServiceError) else None
    detail = _by_asked_name(request, detail)
    return _problem(request, status_of(error), error.code, detail, field=field)


def shown(error: BinocleError, whose: str) -> str:
    """Return what clients see of an error; where they do not see what it says, it is logged.

    Where it came from is let go of.

    Args:
        error: Of a request, or of one thing of many in it.
        whose: Begins the line in the log.
    """
    let_go_of_frames(error)
    if isinstance(error, errors.UnreachableError):  # it names hosts and users
        _log.error("%s: %s", whose, error)
        return _AWAY
    if not tells(error):
        _log.error("%s: %s", whose, error)
        return _UNTOLD
    return str(error)


def let_go_of_frames(error: BaseException | None) -> None:
    """Forget through which functions an error came, and what those before it did.

    They have what was sent, a picture of many megabytes, and often the error itself: a circle that
    only goes when Python looks for circles, which a hundred such requests need not bring about.
    """
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _by_asked_name(request: Request, detail: str) -> str:
    """Return what an error says of a collection by the name that the client calls it."""
    own = getattr(request.state, "own_name", None)
    return detail if own is None else detail.replace(repr(own), repr(request.state.asked_name))


def tells(error: BinocleError) -> bool:
    """Tell whether clients see what an error says; what is our fault is for the log only."""
    status = status_of(error)
    return status < 500 or status == 503


def _problem(
    request: Request, status: int, code: str, detail: str | None, *, field: str | None = None
) -> Problem:
    return Problem(
        title=code.replace("-", " "),
        status=status,
        code=code,
        detail=detail,
        field=field,
        request_id=request.state.request_id,
    )


def problem_response(
    request: Request,
    status: int,
    code: str,
    detail: str | None,
    *,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return a problem document."""
    return _response(_problem(request, status, code, detail, field=field), headers)


def _response(problem: Problem, headers: dict[str, str] | None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(), problem.status, headers=headers, media_type=MEDIA_TYPE
    )


def status_of(error: BinocleError) -> int:
    """Return the HTTP status an error stands for."""
    if isinstance(error, ServiceError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Make an application answer every error with a problem document."""

    @app.exception_handler(BinocleError)
    async def deliberate(request: Request, error: BinocleError) -> JSONResponse:
        problem = problem_of(request, error)
        headers = dict(error.headers) if isinstance(error, ServiceError) else {}
        if problem.status == 503:
            headers.setdefault("Retry-After", "1")
        return _response(problem, headers if problem.status != 500 else None)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        let_go_of_frames(error)
        field, reason = _fault(request, error)
        return problem_response(request, 422, "invalid", reason, field=field)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        let_go_of_frames(error)
        codes = {
            400: "bad-request",
            404: "no-such-path",
            405: "method-not-allowed",
            408: "too-slow",
            413: "body-too-large",
        }
        code, detail = codes.get(error.status_code, "refused"), str(error.detail)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers.setdefault("Allow", "GET")
            headers["Allow"] = ", ".join(sorted(_methods(request) or {headers["Allow"]}))
            detail = f"{request.method} is not taken here; {headers['Allow']} is"
        elif error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
            detail = f"there is no path {one_line(request.url.path)}; /openapi.json lists them"
        return problem_response(request, error.status_code, code, detail, headers=headers)


def _fault(request: Request, error: RequestValidationError) -> tuple[str, str]:
    """Return the part of a request at fault, and why."""
    errors: Sequence[Mapping[str, Any]] = error.errors()
    first = errors[0]
    where = first["loc"][0]
    if where != "body":
        there = [{**one, "loc": one["loc"][1:]} for one in errors if one["loc"][0] == where]
        asked = {name: request.query_params.getlist(name) for name in request.query_params}
        place, reason = explain(there, request.path_params | asked, _taken(request, where))
        return f"{where}.{place}", reason
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and not kind.endswith(("/json", "+json")):
        return "content-type", (
            f"this takes JSON and cannot read {kind}; send 'Content-Type: application/json', "
            "and pictures in base64"
        )
    if first["type"] == "json_invalid":
        return "body", f"the body is no JSON ({one_line(str(first['ctx']['error']))})"
    in_body = [{**one, "loc": one["loc"][1:]} for one in errors if one["loc"][0] == "body"]
    place, reason = explain(in_body, error.body, _taken(request, "body"))
    return place or "body", reason


def _taken(request: Request, where: str) -> object:
    """Return the type of a request's body, or of its query where that is one type."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return None
    if where == "body":
        return route.body_field.field_info.annotation if route.body_field else None
    fields = route.dependant.query_params
    return fields[0].field_info.annotation if where == "query" and len(fields) == 1 else None


def _methods(request: Request) -> set[str]:
    """Return the documented methods of a path; the framework names only the first route's."""
    for template, operations in request.app.openapi()["paths"].items():
        pattern = re.sub(r"\\{record_id\\}", ".+", re.escape(template))
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", pattern)
        if re.fullmatch(pattern, request.url.path, re.DOTALL):
            return {method.upper() for method in operations}
    return set()
