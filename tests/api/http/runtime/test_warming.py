"""Collections are calibrated before anybody asks, and nobody waits for it to end."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.container import Container
from api.http.app import create_app
from api.settings import read_settings
from binocle.encoders.base import Encoder, unit_rows
from binocle.types import Float32Array, ImageInfo, ImageSpec, NewPart, NewRecord, Space

_SPACE = Space("slow", 8, "e" * 64)
_PATIENCE_S = 90.0


class SlowEncoder:
    """Takes its time for each batch of texts."""

    space = _SPACE
    image_spec = ImageSpec(1, 1)
    runs_on = "test"
    vocabulary = ()

    def can_read(self, text: str) -> bool:
        return True

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begun = threading.Event()
        self.batches = 0
        self.loaded_in = ""

    @property
    def batch_size(self) -> int:
        """Takes loading what embeds pictures, in ``mini``."""
        self.loaded_in = self.loaded_in or threading.current_thread().name
        return 64

    def encode_images(self, pixels_nhwc: object) -> Float32Array:
        raise NotImplementedError

    def encode_texts(self, texts: list[str]) -> Float32Array:
        self.begun.set()
        self.batches += 1
        time.sleep(self._seconds)
        seeds = [sum(map(ord, text)) for text in texts]
        return unit_rows(np.stack([np.random.default_rng(one).normal(size=8) for one in seeds]))


class OneModel(Container):
    """A workshop whose only model is given."""

    def __init__(self, home: Path, encoder: SlowEncoder) -> None:
        settings = read_settings(home=home, workers=2, model="colour", sources=[home])
        super().__init__(settings)
        self._only = encoder

    def encoder(self, model: str) -> Encoder:
        return self._only  # type: ignore[return-value]


def _filled(container: Container) -> Path:
    with container.open_collection("shop", create=True) as collection:
        collection.claim_space(_SPACE)
        rows = unit_rows(np.random.default_rng(0).normal(size=(60, 8)))
        info = ImageInfo(1, 1, 1, "png")
        parts = [
            NewPart("image", "image", f"{n}.png", b"%d" % n, rows[n], info=info) for n in range(60)
        ]
        collection.upsert([NewRecord(f"r{n}", f"r{n}", {}, (parts[n],)) for n in range(60)])
        return collection.path / "background.npz"


def test_a_service_calibrates_its_collections_at_its_start(tmp_path: Path) -> None:
    encoder = SlowEncoder(0.0)
    container = OneModel(tmp_path, encoder)
    saved = _filled(container)
    with TestClient(create_app(container), base_url="http://127.0.0.1") as client:
        ends = time.monotonic() + _PATIENCE_S
        while not saved.exists() and time.monotonic() < ends:
            time.sleep(0.01)
        assert saved.exists()
        before = encoder.batches
        found = client.get("/v1/collections/shop/search", params={"q": "a red bag"}).json()
        assert encoder.batches == before + 1  # the query itself
        assert found["hits"][0]["relevance"] is not None


def test_what_embeds_pictures_is_loaded_once_the_service_is_ready(tmp_path: Path) -> None:
    encoder = SlowEncoder(0.0)
    container = OneModel(tmp_path, encoder)
    _filled(container)
    with TestClient(create_app(container)):
        ends = time.monotonic() + _PATIENCE_S
        while not encoder.loaded_in and time.monotonic() < ends:
            time.sleep(0.01)
    assert encoder.loaded_in.startswith("warm")


def test_what_a_job_has_indexed_is_calibrated_behind_it(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text("".join(f"caption {n} of sixty\n" for n in range(60)))
    with TestClient(
        create_app(OneModel(tmp_path, SlowEncoder(0.0))), base_url="http://127.0.0.1"
    ) as client:
        assert client.put("/v1/collections/shop").status_code == 200
        begun = client.post(
            "/v1/collections/shop/jobs", json={"source": str(tmp_path / "captions.txt")}
        )
        assert begun.status_code == 202, begun.text
        saved = tmp_path / "collections" / "shop" / "background.npz"
        ends = time.monotonic() + _PATIENCE_S
        while not saved.exists() and time.monotonic() < ends:
            time.sleep(0.01)
        assert saved.exists()


@pytest.mark.parametrize("snapshot", ["before", "meanwhile"])
def test_a_service_that_stops_while_it_calibrates_stops_at_once(
    tmp_path: Path, snapshot: str
) -> None:
    encoder = SlowEncoder(0.5)
    container = OneModel(tmp_path, encoder)
    saved = _filled(container)
    with TestClient(create_app(container)):
        if snapshot == "meanwhile":
            assert encoder.begun.wait(_PATIENCE_S)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2.0
    assert encoder.batches < 8
    assert not saved.exists()
