"""Labels, match scores and captions, over HTTP and from the command line."""

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from api.http.routes import labels
from binocle.errors import BinocleError, QueryError, UsageError
from binocle_client import Client, ClientError, picture
from binocle_client.requests import CaptionsBody, LabelsBody, MatchBody, RecordBody
from tests.support.service import Running, Serve, problem_of
from tests.support.shop import run_cli

_COLOURS = {"red": (205, 25, 30), "blue": (35, 70, 180), "green": (35, 140, 50)}


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (48, 48), _COLOURS[colour]).save(buffer, "PNG")
    return buffer.getvalue()


def encoded(colour: str) -> str:
    return base64.b64encode(png(colour)).decode()


@pytest.fixture
def filled(client: Client, name: str) -> str:
    """Three pictures of one colour each, and three captions."""
    records = [RecordBody(id=one, images=[picture(png(one))]) for one in _COLOURS]
    records += [RecordBody(id=f"about {one}", texts={"caption": one}) for one in _COLOURS]
    assert client.store(name, records).failed == 0
    return name


def test_records_are_labelled_and_labels_are_written_and_found(client: Client, filled: str) -> None:
    found = client.label(filled, labels=list(_COLOURS), write="colour")
    assert found.written == 3
    assert found.counts == {"blue": 1, "green": 1, "red": 1}
    assert found.none == 0
    assert {one.id: one.label for one in found.items} == {one: one for one in _COLOURS}
    for one in found.items:
        assert sum(each.probability for each in one.labels) + one.none == pytest.approx(1)
    assert client.record(filled, "red").metadata["colour"] == "red"
    again = client.label(filled, labels=["blue"], filter={"colour": "red"}, items=0)
    assert (again.items, again.none, again.written) == ([], 1, None)


def test_labels_are_not_written_over_what_the_source_said(client: Client, filled: str) -> None:
    client.patch(filled, "red", {"price": 7})
    for ask in (client.label, client.start_labelling):
        with pytest.raises(ClientError, match="already, and not from labelling"):
            ask(filled, labels=["red"], write="price")
        with pytest.raises(ClientError, match="facts of pictures"):
            ask(filled, labels=["red"], write="sha256")
    assert client.record(filled, "red").metadata["price"] == 7


def test_pictures_brought_along_are_labelled(client: Client, filled: str) -> None:
    asked = LabelsBody(labels=list(_COLOURS), images=[encoded("red"), encoded("green")], limit=1)
    found = client.label(filled, **asked)
    assert [(one.id, one.label, len(one.labels)) for one in found.items] == [
        (None, "red", 1),
        (None, "green", 1),
    ]
    forced = client.label(filled, labels=["red"], images=[encoded("blue")], force=True)
    assert forced.items[0].label == "red"
    with pytest.raises(ClientError, match="for records"):
        client.label(filled, labels=["red"], images=[encoded("blue")], write="colour")


def test_a_pair_that_fits_matches_better(client: Client, filled: str) -> None:
    right = client.match(filled, text="red", image=encoded("red"))
    wrong = client.match(filled, text="blue", image=encoded("red"))
    assert right.similarity > wrong.similarity
    assert right.probability > 0.5 > wrong.probability
    stored = client.match(filled, text="red", record="red")
    assert stored.similarity == pytest.approx(right.similarity, abs=1e-4)
    for asked in (MatchBody(text="red"), MatchBody(text="a", image=encoded("red"), record="red")):
        with pytest.raises(ClientError, match="exactly one"):
            client.match(filled, **asked)
    with pytest.raises(ClientError, match="no picture"):
        client.match(filled, text="red", record="about red")


def test_captions_of_a_picture_come_best_first(client: Client, filled: str) -> None:
    for asked in (
        CaptionsBody(image=encoded("green"), limit=2),
        CaptionsBody(record="green", limit=2),
    ):
        found = client.captions(filled, **asked)
        assert found.target == "text"
        assert found.hits[0].id == "about green"
        assert len(found.hits) == 2


def test_files_say_the_same_as_base64(service: Running, filled: str) -> None:
    http, red = service.http(), png("red")
    asked: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "labels": ({"labels": ["red", "blue"]}, {"images": [encoded("red")]}),
        "match": ({"text": "red"}, {"image": encoded("red")}),
        "captions": ({"limit": 2}, {"image": encoded("red")}),
    }
    for route, (body, beside) in asked.items():
        url = f"/v1/collections/{filled}/{route}"
        form = http.post(url, data={route: json.dumps(body)}, files={"image": red})
        plain = http.post(url, json={**body, **beside})
        assert form.status_code == plain.status_code == 200, form.text
        varying = {"took_ms", "turn", "cursor"}
        said, same = ({k: v for k, v in one.json().items() if k not in varying}
                      for one in (form, plain))  # fmt: skip
        assert said == same
        other = http.post(url, data={"other": "{}"}, files={"image": red})
        assert problem_of(other, 422, "invalid")["field"] == "other"
    url = f"/v1/collections/{filled}/match"
    both = http.post(url, data={"match": '{"text": "a", "record": "red"}'}, files={"image": red})
    problem_of(both, 422, "bad-query")
    problem_of(http.post(url, json={"text": "a"}), 422, "bad-query")


def test_no_route_of_labels_reads_the_catalogue_on_the_event_loop(
    client: Client, filled: str
) -> None:
    on_the_loop: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        on_the_loop.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        client.label(filled, labels=["red"], write="colour", filter={"width": 48})
        client.label(filled, labels=["red"], images=[encoded("red")])
        client.match(filled, text="red", record="red")
        client.captions(filled, image=encoded("green"))
        client.captions(filled, record="green", filter={"id": "nobody"})
        job = client.start_labelling(filled, labels=["red"], filter={"width": 48})
        client.wait_for_job(filled, job.id)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert on_the_loop == []


def test_writing_labels_takes_a_key_that_may_write(serve: Serve) -> None:
    service = serve()
    name = "c"
    service.client().put_collection(name)
    service.client().store(name, [RecordBody(id="red", images=[picture(png("red"))])])
    reader = service.client(service.keys.add("reader", "read", None))
    assert reader.label(name, labels=["red"]).items[0].label == "red"
    with pytest.raises(ClientError, match="may not write"):
        reader.label(name, labels=["red"], write="colour")


@pytest.mark.parametrize("template", ["a photo", ""])
def test_a_template_without_a_place_for_the_label_is_refused(
    service: Running, filled: str, template: str
) -> None:
    body = {"labels": ["red"], "templates": [template]}
    answer = service.http().post(f"/v1/collections/{filled}/labels", json=body)
    assert answer.status_code == 422


def test_the_command_line_says_the_same(tmp_path: Path) -> None:
    folder, home = tmp_path / "pictures", tmp_path / "home"
    folder.mkdir()
    for one in _COLOURS:
        (folder / f"{one}.png").write_bytes(png(one))
    (tmp_path / "captions.txt").write_text("\n".join(_COLOURS))
    (tmp_path / "labels.txt").write_text("\n".join(_COLOURS))
    for source in (folder, tmp_path / "captions.txt"):
        assert run_cli(home, "index", source)[0] == 0
    file = tmp_path / "labels.txt"
    code, out, err = run_cli(home, "label", "--labels-file", file, "--write", "colour", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["counts"] == {"blue": 1, "green": 1, "red": 1}
    assert found["written"] == 3
    code, out, _ = run_cli(home, "search", "--where", "colour = red", "--json")
    assert [hit["metadata"]["colour"] for hit in json.loads(out)["hits"]] == ["red"]
    code, out, _ = run_cli(home, "label", folder / "red.png", "--labels", "red, blue", "--json")
    assert [one["label"] for one in json.loads(out)["items"]] == ["red"]
    asked = ("match", "red", folder / "red.png", "--json", "-c", "default")
    code, out, _ = run_cli(home, *asked)
    assert json.loads(out)["probability"] > 0.5
    code, out, _ = run_cli(home, "caption", folder / "green.png", "-k", "1", "--json")
    assert [hit["text"] for hit in json.loads(out)["hits"]] == ["green"]


def test_a_match_takes_a_model_and_no_collection(tmp_path: Path) -> None:
    red, home = tmp_path / "red.png", tmp_path / "home"
    red.write_bytes(png("red"))
    asked = ("match", "red", red, "--model", "colour")
    code, out, err = run_cli(home, *asked, "--json")
    assert (code, err) == (0, "")
    alone = json.loads(out)
    assert alone["probability"] > 0.5
    assert alone["relevance"] is None
    assert not home.exists()  # nothing was made for it
    assert [line.split()[0] for line in run_cli(home, *asked)[1].splitlines()] == [
        "similarity",
        "probability",
    ]
    assert run_cli(home, "index", red, "--model", "colour")[0] == 0
    code, out, _ = run_cli(home, "match", "red", red, "-c", "default", "--json")
    inside = json.loads(out)
    for name in ("similarity", "probability"):
        assert inside[name] == pytest.approx(alone[name], abs=1e-6)
    with pytest.raises(UsageError, match="give -c or --model, not both"):
        run_cli(home, *asked, "-c", "default")
    with pytest.raises(QueryError, match="text to match is empty"):
        run_cli(home, "match", " ", red)


def test_a_picture_that_is_not_there_is_wrong_use_in_every_command(tmp_path: Path) -> None:
    folder, home = tmp_path / "photos", tmp_path / "home"
    folder.mkdir()
    (folder / "red.png").write_bytes(png("red"))
    assert run_cli(home, "index", folder)[0] == 0
    nowhere = folder / "nowhere.png"
    for asked in (
        ("label", nowhere, "--labels", "red"), ("match", "red", nowhere), ("caption", nowhere),
        ("lookup", nowhere), ("search", "--image", nowhere),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=r"nowhere\.png"):  # the exit code is 2
            run_cli(home, *asked)


def test_a_broken_picture_among_others_is_marked_and_the_others_are_labelled(
    tmp_path: Path,
) -> None:
    red, broken, home = tmp_path / "red.png", tmp_path / "broken.png", tmp_path / "home"
    red.write_bytes(png("red"))
    broken.write_text("no picture")
    assert run_cli(home, "index", red)[0] == 0
    asked = ("label", red, broken, tmp_path / "nowhere.png", red, "--labels", "red,blue")
    code, out, err = run_cli(home, *asked)
    assert code == 1
    assert [line.split("\t")[1] for line in out.splitlines()] == ["red", "error", "error", "red"]
    assert len(err.splitlines()) == 2
    assert str(broken) in err
    code, out, _ = run_cli(home, *asked, "--json")
    items = json.loads(out)["items"]
    assert code == 1
    assert [one.get("label") for one in items] == ["red", None, None, "red"]
    assert "nowhere.png" in items[2]["error"]


def test_the_command_line_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(png("red"))
    assert run_cli(tmp_path / "home", "index", tmp_path / "red.png")[0] == 0
    for arguments, words in (
        (("label",), "--labels"),
        (("label", "--labels", "a", "--labels-file", "b"), "--labels"),
        (("label", tmp_path / "red.png", "--labels", "a", "--write", "b"), "for records"),
        (("label", "--labels", "a", "--template", "b"), "has no"),
        (("match", " ", tmp_path / "red.png"), "empty"),
        (("match", "red", tmp_path / "nowhere.png"), "nowhere.png"),
    ):
        with pytest.raises(BinocleError, match=words):
            run_cli(tmp_path / "home", *arguments)


def test_labels_of_many_records_are_written_by_a_job(
    client: Client, doubled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = LabelsBody(labels=["red", "blue"], write="colour", force=True)
    monkeypatch.setattr(labels, "_WRITTEN_IN_A_REQUEST", 6)
    with pytest.raises(ClientError, match="labels/jobs"):
        client.label(doubled, **asked)
    job = client.wait_for_job(doubled, client.start_labelling(doubled, **asked).id)
    assert (job.kind, job.state, job.done, job.total) == ("labels", "done", 7, 7)
    assert job.counts == {"none": 0, "written": 7}
    found = client.labels_of_job(doubled, job.id)
    assert found.written == 7
    assert sum(found.counts.values()) == 7
    again = client.label(doubled, labels=["red", "blue"], force=True)
    assert again.counts == found.counts
    assert {one.id: one.label for one in again.items} == {
        one.id: client.record(doubled, one.id or "").metadata["colour"] for one in found.items
    }
