import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.http.errors.problems import install, shown
from binocle import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.UnreachableError("at db.internal for the user hush"), 503, "unreachable"),
        (errors.BusyError("a run is indexing"), 503, "busy"),
        (errors.NotFoundError("no such record"), 404, "not-found"),
        (errors.StorageError("at db.internal for the user hush"), 500, "internal"),
    ],
)
def test_error_has_its_status_and_code_and_tells_nothing_of_other_machines(
    error: errors.BinocleError, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    def fail(request: Request) -> None:
        request.state.request_id = "r1"
        raise error

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "hush" not in answer.text
    assert ("hush" in str(error)) == ("hush" in caplog.text)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.UnreachableError("at db.internal for the user hush"), "does not answer"),
        (errors.StorageError("at db.internal for the user hush"), "see the service's log"),
        (errors.BusyError("a run is indexing"), "a run is indexing"),
    ],
)
def test_what_is_told_beside_other_answers_is_in_the_log_where_it_is_not_all(
    error: errors.BinocleError, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = shown(error, "request r2")
    assert told in said
    assert "hush" not in said
    assert (f"request r2: {error}" in caplog.text) == ("hush" in str(error))


@contextmanager
def no_search_for_circles() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


JSON = {"Content-Type": "application/json"}


class Upload:
    """Stands for what a request has sent."""


def test_what_was_sent_goes_with_its_answer_though_its_error_is_in_a_circle() -> None:
    def refused(_upload: Upload) -> errors.BinocleError:
        try:
            try:
                raise ValueError("of a library")
            except ValueError as error:
                raise errors.NotFoundError("no such record") from error
        except errors.NotFoundError as error:
            return error

    with no_search_for_circles():
        upload = Upload()
        seen = weakref.ref(upload)
        error = refused(upload)
        del upload
        assert seen() is not None
        shown(error, "request r1")
        assert seen() is None


@pytest.mark.parametrize("sent", ["[1,", "{}", "[1]"])
def test_what_the_framework_refuses_goes_with_its_answer(sent: str) -> None:
    app = FastAPI()
    install(app)

    @app.post("/")
    def fail(_numbers: list[int]) -> None:
        error = HTTPException(400)
        raise error

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = "r1"
        await app(scope, receive, send)

    gc.collect()
    with no_search_for_circles():
        assert TestClient(named).post("/", content=sent, headers=JSON).status_code in (400, 422)
        kinds = (RequestValidationError, JSONDecodeError, HTTPException)
        assert [one for one in gc.get_objects() if type(one) in kinds] == []
