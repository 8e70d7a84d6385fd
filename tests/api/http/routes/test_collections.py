"""Removing a collection ends what is at work in it, or says what that is."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.operations.backup.backing_up import back_up
from binocle.collection.indexing_lock import indexing_lock
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve, problem_of

_PATIENCE_S = 90.0


@pytest.fixture
def encoding(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Have the encoder wait; give what is set when it does, and what it waits for."""
    encode_texts = ColourEncoder.encode_texts
    begun, may_go_on = threading.Event(), threading.Event()

    def slowly(encoder: ColourEncoder, texts: Sequence[str]) -> Float32Array:
        begun.set()
        assert may_go_on.wait(_PATIENCE_S)
        return encode_texts(encoder, texts)

    monkeypatch.setattr(ColourEncoder, "encode_texts", slowly)
    yield begun, may_go_on
    may_go_on.set()


def indexing(serve: Serve, folder: Path) -> tuple[Running, list[str]]:
    """Have a service index a table twice into a collection; return the jobs' ids."""
    table = folder / "t.jsonl"
    table.write_text("".join(f'{{"id": "{n}", "text": "{n}"}}\n' for n in range(2000)))
    service = serve(sources=(folder,))
    client = service.client()
    client.put_collection("c")
    return service, [client.start_job("c", source=str(table)).id for _ in range(2)]


def test_a_collection_without_pictures_keeps_what_is_made_of_them(
    client: Client, service: Running, tmp_path: Path
) -> None:
    assert not client.put_collection("features", keep_pictures=False).keeps_pictures
    data = encoded(drawn(1))
    body = RecordBody(id="d1", images=[picture(data)])
    assert client.store("features", [body]).failed == 0
    folder = service.container.collection_path("features")
    assert not (folder / "uploads").exists()
    assert client.lookup("features", data, copies_only=True).verdict == "same-file"
    small = encoded(drawn(1).resize((160, 120)), "JPEG")
    found = client.lookup("features", small, copies_only=True, policy="review hash-match 0.5")
    assert (found.verdict, found.action, found.unreadable) == ("hash-match", "review", 1)
    assert found.candidates[0].id == "d1"
    assert 0.5 <= found.candidates[0].confidence <= 0.9
    assert client.lookup("features", encoded(drawn(50)), copies_only=True).verdict == "none"
    report = back_up(service.container, ["features"], tmp_path / "backup", with_indices=False)
    assert not report.problems
    assert (folder / "no-pictures").is_file()
    assert client.put_collection("features").keeps_pictures is False
    client.put_collection("kept")
    refused = service.http().put("/v1/collections/kept", json={"keep_pictures": False})
    problem_of(refused, 409, "keeps-pictures")


def test_removing_a_collection_ends_its_jobs_first(
    serve: Serve, tmp_path: Path, encoding: tuple[threading.Event, threading.Event]
) -> None:
    begun, may_go_on = encoding
    service, _ = indexing(serve, tmp_path)
    assert begun.wait(_PATIENCE_S)
    with ThreadPoolExecutor() as threads:
        removing = threads.submit(service.http().delete, "/v1/collections/c")
        time.sleep(0.2)
        assert not removing.done()
        may_go_on.set()
        assert removing.result().status_code == 204
    assert not (service.home / "collections" / "c").exists()


def test_removal_that_has_to_wait_says_for_which_job_and_forgets_none(
    serve: Serve,
    tmp_path: Path,
    encoding: tuple[threading.Event, threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.http.routes.collections._PATIENCE_S", 0.1)
    begun, may_go_on = encoding
    service, (running, waiting) = indexing(serve, tmp_path)
    assert begun.wait(_PATIENCE_S)
    answer = service.http().delete("/v1/collections/c")
    problem = problem_of(answer, 503, "busy")
    assert running in problem["detail"]
    assert answer.headers["retry-after"] == "1"
    may_go_on.set()
    client = service.client()
    assert client.wait_for_job("c", running).state == "cancelled"
    assert client.job("c", waiting).state == "cancelled"
    assert service.http().delete("/v1/collections/c").status_code == 204


def test_removal_while_another_process_indexes_is_refused_in_words_for_clients(
    service: Running, client: Client, name: str
) -> None:
    client.put_collection(name)
    with indexing_lock(service.home / "collections" / name):
        problem = problem_of(service.http().delete(f"/v1/collections/{name}"), 503, "busy")
    assert "-c NAME" not in problem["detail"]
    assert service.http().delete(f"/v1/collections/{name}").status_code == 204
