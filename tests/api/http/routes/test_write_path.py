"""Records over HTTP and records of a run take one way in: one embedding, one ledger, one label."""

import io
from pathlib import Path

import pytest
from PIL import Image

from binocle_client import Client, picture
from binocle_client.requests import RecordBody
from indexer.sources.folder import FolderSource
from tests.support import CountingEncoder, picture_bytes
from tests.support.service import Running, Serve
from tests.support.shop import run_cli


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def service(serve: Serve, encoder: CountingEncoder) -> Running:
    service = serve()
    service.container._encoders["colour"] = encoder
    service.client().put_collection("c")
    return service


@pytest.fixture
def client(service: Running) -> Client:
    return service.client()


def index(service: Running, folder: Path, *seeds: int) -> None:
    """Index a folder with these pictures, in the service's process."""
    folder.mkdir()
    for seed in seeds:
        (folder / f"{seed}.jpg").write_bytes(picture_bytes(seed))
    with service.container.open_collection("c") as collection:
        service.container.indexer(collection, None, lambda _: None).run(FolderSource(folder))


def shown(key: str, *seeds: int, **texts: str) -> RecordBody:
    return RecordBody(id=key, images=[picture(picture_bytes(seed)) for seed in seeds], texts=texts)


def plain(key: str, rgb: tuple[int, int, int], **metadata: str) -> RecordBody:
    buffer = io.BytesIO()
    Image.new("RGB", (48, 48), rgb).save(buffer, "PNG")
    return RecordBody(id=key, images=[picture(buffer.getvalue())], metadata=metadata)


def test_a_labelled_record_that_is_posted_again_keeps_its_label(client: Client) -> None:
    red, blue = (205, 25, 30), (35, 70, 180)
    client.store("c", [plain("a", red), plain("b", blue)])
    assert client.label("c", labels=["red", "blue"], write="colour").written == 2
    client.store("c", [plain("a", red, shop="x"), plain("b", (30, 40, 50))])
    again = client.record("c", "a").metadata
    assert (again["colour"], again["shop"]) == ("red", "x")
    assert "colour" not in client.record("c", "b").metadata  # it shows something else now
    client.store("c", [plain("c", blue)])  # the picture has another name
    assert client.record("c", "c").metadata["colour"] == "blue"
    client.store("c", [plain("a", red, colour="mine")])
    assert client.record("c", "a").metadata["colour"] == "mine"


def test_a_known_content_is_not_embedded_again(client: Client, encoder: CountingEncoder) -> None:
    client.store("c", [shown("a", 1, 1, title="shoe"), shown("b", 1, title="shoe")])
    assert (encoder.images, encoder.texts) == (1, 1)
    client.store("c", [shown("a", 1, title="shoe"), shown("d", 1, name="shoe")])
    assert (encoder.images, encoder.texts) == (1, 1)
    parts = client.record("c", "d").parts
    assert [(part.kind, part.role) for part in parts] == [("image", "image"), ("text", "name")]
    assert client.record("c", "d").metadata["width"] == 96


def test_what_a_run_embedded_is_known_to_uploads(
    service: Running, client: Client, encoder: CountingEncoder, tmp_path: Path
) -> None:
    index(service, tmp_path / "photos", 1, 2)
    assert encoder.images == 2
    client.store("c", [shown("a", 1), shown("b", 3)])
    assert encoder.images == 3
    assert client.image("c", "a") == picture_bytes(1)


def test_what_was_uploaded_is_known_to_runs(
    service: Running, client: Client, encoder: CountingEncoder, tmp_path: Path
) -> None:
    client.store("c", [shown("a", 1), shown("b", 2)])
    index(service, tmp_path / "photos", 1, 2, 3)
    assert encoder.images == 3
    assert client.collection("c").records == 5


def test_a_bad_picture_costs_only_its_record_and_gets_a_line_in_the_ledger(
    service: Running, client: Client, encoder: CountingEncoder
) -> None:
    bad = RecordBody(id="bad", images=[picture(picture_bytes(2)), picture(b"no picture")])
    outcome = client.store("c", [shown("a", 1), bad, RecordBody(id="empty"), shown("b", 3)])
    assert [one.status for one in outcome.results] == ["stored", "failed", "failed", "stored"]
    assert encoder.images == 2  # nothing of the one that failed
    code, out, _ = run_cli(service.home, "skipped", "-c", "c", "--json")
    assert code == 0
    assert "not-a-picture" in out
    assert '"empty"' in out
    client.store("c", [shown("bad", 2), shown("empty", 2)])
    assert "not-a-picture" not in run_cli(service.home, "skipped", "-c", "c", "--json")[1]
