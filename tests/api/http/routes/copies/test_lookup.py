"""Reverse lookup over HTTP."""

import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, problem_of


def test_lookup_over_http_by_base64_and_form(service: Running, client: Client, name: str) -> None:
    pictures = [picture(encoded(drawn(seed))) for seed in range(3)]
    records = [RecordBody(id=f"d{seed}", images=[one]) for seed, one in enumerate(pictures)]
    assert client.store(name, records).failed == 0
    cut = encoded(drawn(1).crop((60, 40, 240, 180)))
    http = service.http()
    path = f"/v1/collections/{name}/lookup"
    plain = http.post(path, json={"image": base64.b64encode(cut).decode(), "limit": 1})
    form = http.post(path, files={"image": ("cut.png", cut)}, data={"lookup": '{"limit": 1}'})
    assert plain.status_code == form.status_code == 200
    one, other = plain.json(), form.json()
    one.pop("took_ms")
    assert other.pop("took_ms")["total"] > 0
    assert one == other
    assert one["verdict"] == "part"
    [candidate] = one["candidates"]
    assert candidate["id"] == "d1"
    assert np.allclose(candidate["stored_region"]["x"], 60 / 320, atol=0.02)
    assert http.get(candidate["thumbnail"]).status_code == 200


def test_a_match_is_drawn_as_a_picture_and_where_there_is_none_that_is_said(
    service: Running, client: Client, name: str
) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    path = f"/v1/collections/{name}/lookup/overlay"
    cut = encoded(drawn(1).crop((60, 40, 240, 180)))
    answer = service.http().post(path, json={"image": base64.b64encode(cut).decode()})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (3 * 480 + 2 * 8, 373)
    other = {"image": base64.b64encode(encoded(drawn(50))).decode(), "copies_only": True}
    problem_of(service.http().post(path, json=other), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [{}, {"image": "####"}, {"image": base64.b64encode(b"no picture").decode()},
     {"image": "AAAA", "limit": 0}, {"image": "AAAA", "colour": 1}],
)  # fmt: skip
def test_bad_lookups_are_refused(
    service: Running, client: Client, name: str, body: dict[str, object]
) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    answer = service.http().post(f"/v1/collections/{name}/lookup", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"]


def test_client_looks_up(client: Client, doubled: str) -> None:
    found = client.lookup(doubled, encoded(drawn(2).rotate(90, expand=True)), copies_only=True)
    assert (found.verdict, found.candidates[0].id) == ("rotated", "d2")


def test_many_lookups_at_once_agree_and_share_one_index(
    service: Running, client: Client, doubled: str
) -> None:
    asked = [encoded(ImageOps.mirror(drawn(seed))) for seed in (0, 2, 3)] * 4
    before = threading.active_count()

    def ask(data: bytes) -> tuple[str, str]:
        with Client(service.url) as own:
            found = own.lookup(doubled, data, copies_only=True)
        return found.verdict, found.candidates[0].id

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, asked))
    assert answers == [("mirrored", f"d{seed}") for seed in (0, 2, 3)] * 4
    assert threading.active_count() <= before + 12  # pools of the service, which stay
