"""Uploaded pictures live as long as a record has them."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.container import Container
from api.settings import read_settings
from binocle.encoders.colour import ColourEncoder
from binocle.types import Float32Array, PixelArray
from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import Running, Serve


def kept(home: Path, name: str = "c") -> list[Path]:
    folder = home / "collections" / name
    return sorted(
        path
        for place in ("uploads", "thumbnails", "originals")
        for path in (folder / place).rglob("*")
        if path.is_file()
    )


def shown(key: str, *pictures: bytes) -> RecordBody:
    return RecordBody(id=key, images=[picture(one) for one in pictures])


@pytest.fixture
def service(serve: Serve) -> Running:
    service = serve()
    service.client().put_collection("c")
    return service


@pytest.fixture
def client(service: Running) -> Client:
    return service.client()


def test_picture_of_a_removed_record_goes_with_its_thumbnails(
    service: Running, client: Client, pictures: list[bytes]
) -> None:
    client.store("c", [shown("a", pictures[0]), shown("b", pictures[1])])
    client.thumbnail("c", "a")
    client.thumbnail("c", "a", size=640)
    assert len(kept(service.home)) == 4
    client.delete("c", "a")
    assert [path.read_bytes() for path in kept(service.home)] == [pictures[1]]
    assert client.image("c", "b") == pictures[1]


def test_picture_of_a_replaced_record_goes_and_a_kept_one_stays(
    service: Running, client: Client, pictures: list[bytes]
) -> None:
    client.store("c", [shown("a", pictures[0], pictures[1])])
    client.store("c", [shown("a", pictures[1], pictures[2])])
    assert {path.read_bytes() for path in kept(service.home)} == {pictures[1], pictures[2]}
    client.store("c", [RecordBody(id="a", texts={"t": "red"})])
    assert kept(service.home) == []


def test_picture_that_two_records_share_goes_with_the_second(
    service: Running, client: Client, pictures: list[bytes]
) -> None:
    client.store("c", [shown("a", pictures[0]), shown("b", pictures[0])])
    client.delete("c", "a")
    assert client.image("c", "b") == pictures[0]
    client.delete("c", "b")
    assert kept(service.home) == []


def test_what_a_crash_left_goes_or_is_put_aside_when_the_service_starts(
    serve: Serve, service: Running, client: Client, pictures: list[bytes]
) -> None:
    client.store("c", [shown("a", pictures[0])])
    client.thumbnail("c", "a")
    before = kept(service.home)
    folder = service.home / "collections" / "c"
    for place, end in (("uploads", ""), ("thumbnails", "-256.jpg"), ("originals", "")):
        left = folder / place / "ab" / f"{'ab' * 32}{end}"
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"left")
        os.utime(left, (eight_days_ago := time.time() - 8 * 24 * 3600, eight_days_ago))
    foreign = folder / "uploads" / "ab" / "notes.txt"
    foreign.write_text("not ours")
    again = serve()
    aside = folder / "quarantine" / "uploads" / "ab" / ("ab" * 32)
    assert kept(service.home) == sorted([*before, foreign])
    assert aside.read_bytes() == b"left"
    assert again.client().image("c", "a") == pictures[0]


def test_picture_that_is_removed_while_a_record_waits_to_be_stored_is_there_afterwards(
    service: Running, pictures: list[bytes]
) -> None:
    """A removal holds the catalogue's write lock, and sees no record that needs the picture."""
    container = Container(read_settings(home=service.home))
    with container.open_collection("c") as collection, ThreadPoolExecutor(1) as pool:
        with collection.writing():
            stored = pool.submit(service.client().store, "c", [shown("a", pictures[0])])
            deadline = time.monotonic() + 10
            while not kept(service.home):
                assert time.monotonic() < deadline, "the picture was not written"
                time.sleep(0.01)
            time.sleep(0.1)
            kept(service.home)[0].unlink()
        assert stored.result().stored == 1
    assert service.client().image("c", "a") == pictures[0]


def test_pictures_of_uploads_wait_for_the_encoder_with_a_key_as_without(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_images = ColourEncoder.encode_images
    first_takes_s = [1.0]

    def slowly(encoder: ColourEncoder, pixels_nhwc: PixelArray) -> Float32Array:
        time.sleep(first_takes_s.pop() if first_takes_s else 0)
        return encode_images(encoder, pixels_nhwc)

    monkeypatch.setattr(ColourEncoder, "encode_images", slowly)
    service = serve(queue_size=32)
    secret = service.keys.add("loader", "write", None)
    service.client(secret).put_collection("c")
    http = service.http(secret)  # it does not ask again where it is refused
    every = [picture_bytes(seed, size=(12, 8), format="PNG") for seed in range(8 * 64)]

    def store(call: int) -> int:
        records = [shown(f"{call}-{n}", every[64 * call + n]) for n in range(64)]
        return http.post("/v1/collections/c/records", json={"records": records}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(store, range(8))) == [200] * 8
