import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from api.http.errors.problems import install
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
