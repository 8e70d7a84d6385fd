"""JSON that comes in, wherever it stands in a request: the one place where it becomes data."""

import json
import re
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor

_HALF = re.compile(r"[\ud800-\udfff]")
_MAY_HAVE_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN = 80  # characters of a place; field names may be as long as the body


class HalfCharacterError(json.JSONDecodeError):
    """A JSON text spells half a character."""

    def __init__(self, place: str) -> None:
        spelt = "half a character, a lone surrogate"
        super().__init__(f"{spelt}, in {place}; spell it whole, or leave it out", "", 0)

    def __str__(self) -> str:
        return self.msg


def loaded(text: bytes | str) -> Any:
    r"""Return the document that a JSON text is, with whole characters only.

    JSON may spell half a character, such as ``"\ud800"``. No database, file or answer can hold
    one, so the text is refused before anything is done with it.

    Raises:
        ValueError: It is no JSON, not in Unicode, or has half a character; one line says where.
        RecursionError: It is nested too deep.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    document = json.loads(text)
    if _MAY_HAVE_HALVES.search(text):
        place = _place_of_half(document)
        if place is not None:
            raise HalfCharacterError(place)
    return document


def _place_of_half(document: object) -> str | None:
    """Return where a document has half a character; None for nowhere."""
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and _HALF.search(value):
            return _shown(place or "the text")
        if isinstance(value, dict):
            bad = next((name for name in value if _HALF.search(name)), None)
            if bad is not None:
                return f"the name {_shown(bad)}"
            waiting += [(f"{place}.{name}" if place else name, one) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}.{number}", one) for number, one in enumerate(value)]
    return None


def _shown(name: str) -> str:
    """Return a name as text that can be answered."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return shown.encode("utf-8", "backslashreplace").decode()


class JsonRequest(Request):
    """A request whose body is read by ``loaded``."""

    async def json(self) -> Any:
        """Return the body as a document.

        Raises:
            json.JSONDecodeError: It is none.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = loaded(body)
            except UnicodeDecodeError as error:
                raise json.JSONDecodeError(f"not in Unicode: {error.reason}", "", 0) from error
        return self._json


class RecordIdConvertor(PathConvertor):
    """A record's id in a path, ``{record_id:record}``: slashes and lines may be in it."""

    regex = "(?s:.*)"


register_url_convertor("record", RecordIdConvertor())  # an entry in Starlette's table, idempotent


class JsonRoute(APIRoute):
    """A route that takes JSON; every router of the service makes its routes with it."""

    def get_route_handler(self) -> Any:
        """Return what answers, over a request that reads its body by ``loaded``."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Any:
            return await handle(JsonRequest(request.scope, request.receive))

        return answer
