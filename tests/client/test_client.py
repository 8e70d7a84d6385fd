"""What both clients do before and after they talk to the service: one suite for the two."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from binocle_client import Client, ClientError, encoded, picture
from binocle_client.requests import RecordBody, TermBody
from tests.client.awaited import awaited
from tests.support import picture_bytes
from tests.support.drawings import drawn
from tests.support.drawings import encoded as encoded_drawing
from tests.support.service import Running


@pytest.fixture(scope="module", params=["Client", "AsyncClient"])
def client(service: Running, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "Client":
        yield service.client()
    else:
        with awaited(service.url) as client:
            yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A picture's file."""
    file = tmp_path / "beach.png"
    file.write_bytes(picture_bytes(1, format="PNG"))
    return file


def test_pictures_are_bytes_or_paths(client: Client, name: str, path: Path) -> None:
    every: tuple[bytes | str | Path, ...] = (path.read_bytes(), path, str(path))
    for number, given in enumerate(every):
        record = RecordBody(id=str(number), images=[picture(given)])
        assert client.store(name, [record]).failed == 0
        assert client.image(name, str(number)) == path.read_bytes()
    for given in every:
        assert client.lookup(name, given).verdict == "same-file"
        assert client.search_image(name, given).hits[0].score == pytest.approx(1, abs=1e-4)
        found = client.match(name, text="red", image=encoded(given))
        assert -1 <= found.similarity <= 1


def test_an_empty_picture_is_truncated(client: Client, name: str, path: Path) -> None:
    client.store(name, [RecordBody(id="a", images=[picture(path)])])
    with pytest.raises(ClientError) as refused:
        client.search_image(name, b"")
    assert refused.value.code == "truncated"
    error = client.store(name, [RecordBody(id="b")]).results[0].error
    assert error is not None
    assert error.code == "empty"


def test_many_records_are_stored_in_several_requests(client: Client, name: str) -> None:
    records = (RecordBody(id=f"r{n}", texts={"title": f"thing {n}"}) for n in range(5))
    bad: RecordBody = {"id": "bad"}
    outcomes = list(client.store_many(name, [*records, bad], at_once=2))
    assert [one.id for one in outcomes] == [*(f"r{n}" for n in range(5)), "bad"]
    assert [one.status for one in outcomes] == ["stored"] * 5 + ["failed"]
    assert outcomes[-1].error is not None
    assert outcomes[-1].error.code == "empty"
    with pytest.raises(ClientError, match="no collection"):
        list(client.store_many("none", [bad]))


def test_ids_of_stored_records_may_have_line_separators_in_them(client: Client, name: str) -> None:
    ids = ["a\u2028b", "a\x85b"]
    outcomes = client.store_many(name, [RecordBody(id=one, texts={"t": "x"}) for one in ids])
    assert [(one.id, one.status) for one in outcomes] == [(one, "stored") for one in ids]


@pytest.mark.parametrize("said", ["<html>", "", "[]", '{"line":1}\n{"lines":1}'])
def test_an_answer_to_lines_of_another_service_is_told(
    client: Client, name: str, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    strange = httpx.Response(200, text=said)
    monkeypatch.setattr(httpx.Client, "send", lambda *_, **__: strange)

    async def sent(*_: object, **__: object) -> httpx.Response:
        return strange

    monkeypatch.setattr(httpx.AsyncClient, "send", sent)
    with pytest.raises(ClientError, match="is not this service's StoreOutcome"):
        list(client.store_many(name, [RecordBody(id="a", texts={"t": "x"})]))


def test_what_is_typed_is_suggested(client: Client, name: str) -> None:
    client.store(name, [RecordBody(id="a", texts={"title": "Red bag"})])
    (found,) = client.suggest(name, "re").suggestions
    assert (found.text, found.count, found.kind, found.name) == ("Red bag", 1, "text", "title")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, path: client.lookup("c", path),
        lambda client, path: client.search_image("c", str(path)),
        lambda _, path: picture(path),
        lambda _, path: encoded(str(path)),
    ],
)
def test_a_path_that_cannot_be_read_is_the_clients_own_error(
    client: Client, tmp_path: Path, ask: Callable[[Client, Path], Any]
) -> None:
    with pytest.raises(ClientError, match=r"cannot read the picture .*nowhere\.png") as refused:
        ask(client, tmp_path / "nowhere.png")
    assert (refused.value.status, refused.value.code) == (0, "unreadable")


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda client: client.search("c", "red", limit=0), "limit"),
        (lambda client: client.search("c", "red", limitt=3), "limitt"),
        (lambda client: client.search("c", ""), "query"),
        (lambda client: client.search("c", [TermBody(text="red")], mode="magic"), "mode"),
        (lambda client: next(client.pages("c", " ")), "query"),
        (lambda client: client.lookup("c", b"x", limit=1000), "limit"),
        (lambda client: client.search_batch("c", []), "searches"),
        (lambda client: client.embed([], "colour"), "input"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    client: Client, ask: Callable[[Client], Any], field: str
) -> None:
    client.put_collection("c")
    with pytest.raises(ClientError) as refused:
        ask(client)
    assert (refused.value.status, refused.value.code) == (422, "invalid")
    assert refused.value.field == field
    assert refused.value.request_id
    assert str(refused.value).startswith((f"{field} must ", f"{field} is "))
    assert "\n" not in str(refused.value)


def test_what_is_no_json_is_not_sent(client: Client) -> None:
    vectors: list[Any] = [[float("nan")], [object()]]
    for vector in vectors:
        with pytest.raises(ClientError, match="no JSON") as refused:
            client.search("c", [{"vector": vector}])
        assert (refused.value.status, refused.value.code) == (0, "invalid")
    with pytest.raises(ClientError, match=r"'\\ud800' cannot be a name") as refused:
        client.record("\ud800", "a")
    assert (refused.value.status, refused.value.code) == (0, "invalid")


def test_a_single_name_is_not_taken_for_its_letters(client: Client) -> None:
    with pytest.raises(ClientError, match="there is no collection 'shop'"):
        client.search_across("shop", "red")


def test_pages_go_on_until_there_are_none(client: Client, name: str) -> None:
    records = [RecordBody(id=str(n), texts={"title": f"red bag {n}"}) for n in range(5)]
    client.store(name, records)
    pages = list(client.pages(name, filter={"title": {"exists": False}}, limit=2))
    assert [len(page.hits) for page in pages] == [2, 2, 1]
    assert len({hit.id for page in pages for hit in page.hits}) == 5


def test_a_record_is_stored_shown_changed_and_removed(client: Client, name: str) -> None:
    data = picture_bytes(3)
    stored = client.store(name, [RecordBody(id="a/b", images=[picture(data)])])
    assert stored.failed == 0
    assert client.image(name, "a/b") == data
    assert len(client.thumbnail(name, "a/b", part=client.record(name, "a/b").parts[0].id)) > 100
    assert client.patch(name, "a/b", {"price": 3}).metadata["price"] == 3
    assert [one.id for one in client.records(name, "price = 3").records] == ["a/b"]
    client.delete(name, "a/b")
    with pytest.raises(ClientError) as refused:
        client.record(name, "a/b")
    assert (refused.value.status, refused.value.code) == (404, "not-found")


def test_rules_tell_the_etag_of_their_state(client: Client, name: str) -> None:
    draft = client.put_rules_draft(name, {"synonyms": [{"words": ["sofa", "couch"]}]})
    assert draft.etag == client.rules_draft(name).etag != ""
    with pytest.raises(ClientError) as refused:
        client.publish_rules(name, etag='"another"')
    assert refused.value.code == "changed"
    assert client.publish_rules(name, "sofas", etag=draft.etag).version == 1


def test_a_job_is_told_of_until_it_ends_and_its_file_is_checked(
    client: Client, name: str, tmp_path: Path
) -> None:
    client.store(name, [RecordBody(id="a", texts={"title": "red"})])
    job = client.start_snapshot(name)
    events = list(client.job_events(name, job.id))
    assert [one.state for one in events].count("done") == 1
    assert events[-1] == client.wait_for_job(name, job.id)
    file = tmp_path / "snapshot.tar.zst"
    digest = client.save_snapshot(name, job.id, file)
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    client.remove_snapshot(name, job.id)
    with pytest.raises(ClientError, match="snapshot"):
        client.save_snapshot(name, job.id, file)
    with pytest.raises(ClientError) as refused:
        next(client.job_events(name, "none"))
    assert refused.value.code == "not-found"


def test_a_record_is_changed_only_as_it_was_read(client: Client, name: str) -> None:
    client.store(
        name, [RecordBody(id="a", texts={"title": "red"}, images=[picture(picture_bytes(1))])]
    )
    read = client.record(name, "a")
    data = picture_bytes(2)
    changed = client.patch(
        name, "a", texts={"title": "blue"}, images={"image": encoded(data)}, etag=read.etag
    )
    assert changed.texts == {"title": ["blue"]}
    assert client.image(name, "a") == data
    assert changed.etag == client.record(name, "a").etag != read.etag
    with pytest.raises(ClientError) as refused:
        client.delete(name, "a", etag=read.etag)
    assert (refused.value.status, refused.value.code) == (412, "changed")
    client.delete(name, "a", etag=changed.etag)
    assert client.records(name).records == []


def test_records_that_pass_a_filter_are_changed_and_removed_when_told(
    client: Client, name: str
) -> None:
    client.store(
        name, [RecordBody(id=str(n), texts={"t": "x"}, metadata={"n": n}) for n in range(4)]
    )
    tried = client.update_matching(name, {"sale": True}, where="n >= 2")
    assert (tried.matched, tried.changed, tried.dry_run) == (2, 0, True)
    assert client.update_matching(name, {"sale": True}, where="n >= 2", dry_run=False).changed == 2
    removed = client.delete_matching(name, filter={"sale": True}, dry_run=False, expected=2)
    assert (removed.changed, sorted(removed.ids)) == (2, ["2", "3"])
    assert [one.id for one in client.records(name).records] == ["0", "1"]


def test_a_field_is_declared(client: Client, name: str) -> None:
    client.store(name, [RecordBody(id="a", texts={"t": "x"}, metadata={"size": "10"})])
    assert [(one.name, one.declared) for one in client.schema(name)] == [("size", False)]
    (field,) = client.put_schema(name, {"size": "number"})
    assert (field.type, field.declared, field.records) == ("number", True, 1)
    client.put_schema(name, {"size": None})
    assert client.skipped(name).total == 0
    assert client.sources() == []


def test_as_many_pictures_as_come_are_looked_up(client: Client, name: str) -> None:
    data = encoded_drawing(drawn(1))
    client.store(name, [RecordBody(id="a", images=[picture(data)])])
    outcomes = list(client.lookup_each(name, iter([data, b"no picture", data]), at_once=2))
    assert [one.number for one in outcomes] == [1, 2, 3]
    assert [one.answer and one.answer.verdict for one in outcomes] == [
        "same-file",
        None,
        "same-file",
    ]
    assert outcomes[1].error is not None
    assert client.overlay(name, data).startswith(b"\x89PNG")
