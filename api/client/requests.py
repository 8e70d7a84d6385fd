"""What a client refuses before it asks: pictures that cannot be read, and what makes no sense."""

import base64
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.http.errors.problems import Problem
from api.http.errors.validation_messages import explain
from api.http.schemas.common import ImageIn
from binocle.errors import BinocleError

PictureFile = bytes | str | Path  # the file's bytes, or its path

_In = TypeVar("_In", bound=BaseModel)


class ClientError(BinocleError):
    """A request that was refused, or never answered.

    Attributes:
        status: Of HTTP; 0 where there was no answer.
        code: The problem's; ``unreachable``, ``timeout``, ``no-problem`` (not the service); or,
            where nothing was sent, ``invalid`` (what was asked) or ``unreadable`` (a picture's
            path).
        detail: For a person.
        field: The part of the request at fault, where one is.
        request_id: To be looked for in the service's log.
    """

    def __init__(
        self,
        status: int,
        problem: Problem | None,
        code: str,
        detail: str,
        *,
        field: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = problem.code if problem else code  # type: ignore[misc]
        self.detail = detail
        self.field = problem.field if problem else field
        self.request_id = problem.request_id if problem else None


def encoded(data: PictureFile) -> str:
    """Return a picture, or the one at a path, as ``MatchIn``, ``TermIn`` and others take it.

    Raises:
        ClientError: ``unreadable``, there is no file at the path, or it cannot be read.
    """
    return base64.b64encode(bytes_of(data)).decode()


def picture(data: PictureFile, *, role: str = "image") -> ImageIn:
    """Return a picture, or the one at a path, as a record takes it; raises as ``encoded``."""
    return ImageIn(data=encoded(data), role=role)


def valid(kind: type[_In], **asked: Any) -> _In:
    """Return what is asked as the interface has it.

    Raises:
        ClientError: ``invalid``, it makes no sense.
    """
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        place, reason = explain(error.errors(), asked, kind)
        raise ClientError(0, None, "invalid", reason, field=place) from error


def bytes_of(data: PictureFile) -> bytes:
    """Return a picture's file; raises as ``encoded``."""
    if not isinstance(data, str | Path):
        return data
    try:
        return Path(data).expanduser().read_bytes()
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        reason = getattr(error, "strerror", None) or error
        detail = f"cannot read the picture {str(data)[:200]!r} ({reason})"
        raise ClientError(0, None, "unreadable", detail) from error
