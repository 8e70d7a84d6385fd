"""A process of its own indexes as this one does, asks this one to embed, and may die of it."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from api.container import Container
from api.operations.apart.indexing import index_apart
from api.settings import read_settings
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import ModelError
from binocle.types import Float32Array, PixelArray
from indexer.indexer import Progress
from indexer.sources.base import Source
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles
from tests.support import picture_bytes
from tests.support.processes import living


@pytest.fixture
def container(tmp_path: Path) -> Container:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(40):
        (photos / f"{number}.jpg").write_bytes(picture_bytes(number))
        (photos / f"{number}.txt").write_text(f"a red thing of number {number}")
    return Container(read_settings(home=tmp_path / "home", model="colour", workers=1))


@pytest.fixture
def opens(tmp_path: Path) -> partial[Source]:
    return partial(open_source, tmp_path / "photos", ColumnRoles())


def rows_of(collection: Collection) -> list[bytes]:
    """Return the vectors of pictures and texts of all records there may be."""
    vectors = [collection.vectors_of(f"photos/{number}.jpg")[1] for number in range(40)]
    assert all(set(one) == {"image", "text"} for one in vectors)
    return [np.concatenate(one[kind]).tobytes() for one in vectors for kind in ("image", "text")]


def test_it_stores_what_an_indexer_of_this_process_does(
    container: Container, opens: partial[Source]
) -> None:
    told: list[Progress] = []
    with (
        container.open_collection("apart", create=True) as one,
        container.open_collection("here", create=True) as other,
    ):
        report = index_apart(container, one, None, opens, told.append)
        expected = container.indexer(other, None, lambda _progress: None).run(opens())
        assert rows_of(one) == rows_of(other)
        saved = [{found.name for found in each.path.iterdir()} for each in (one, other)]
        assert saved[0] == saved[1]
    assert report.tally == told[-1].tally == expected.tally
    assert told[-1].done == told[-1].total
    assert (report.tally.images_embedded, report.tally.texts_embedded) == (40, 40)


def test_what_a_model_raises_here_ends_the_run(
    container: Container, opens: partial[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: ColourEncoder, _pixels: PixelArray) -> Float32Array:
        raise ModelError("the model is damaged")

    monkeypatch.setattr(ColourEncoder, "encode_images", fail)
    with (
        container.open_collection("c", create=True) as collection,
        pytest.raises(ModelError, match="the model is damaged"),
    ):
        index_apart(container, collection, None, opens, lambda _progress: None)


def at_first_picture(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> None:
    """Have something done to the process that indexes, as it first waits for vectors."""
    encode = ColourEncoder.encode_images
    done: list[int] = []

    def acting(self: ColourEncoder, pixels: PixelArray) -> Float32Array:
        if not done:
            done.extend(living("api.operations.apart"))
            act(done[0])
        return encode(self, pixels)

    monkeypatch.setattr(ColourEncoder, "encode_images", acting)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_signal_to_all_processes_of_a_service_is_for_the_service(
    container: Container, opens: partial[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up: list[str] = []
    niceness: list[int] = []

    def terminate(child: int) -> None:
        niceness.append(os.getpriority(os.PRIO_PROCESS, child))
        given_up.append(Path(f"/proc/{child}/oom_score_adj").read_text().strip())
        os.kill(child, signal.SIGTERM)

    at_first_picture(monkeypatch, terminate)
    with container.open_collection("c", create=True) as collection:
        report = index_apart(container, collection, None, opens, lambda _progress: None)
    assert report.tally.added == 40
    assert given_up == ["500"]  # before the service, where memory runs out
    assert niceness == [max(10, os.getpriority(os.PRIO_PROCESS, 0))]  # searches go first


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_process_that_stands_still_can_be_cancelled(
    container: Container, opens: partial[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[int] = []

    def stop(child: int) -> None:
        stopped.append(child)
        os.kill(child, signal.SIGSTOP)

    def told(_progress: Progress) -> None:
        if stopped:
            raise ModelError("it is cancelled")

    at_first_picture(monkeypatch, stop)
    with (
        container.open_collection("c", create=True) as collection,
        ThreadPoolExecutor(1) as threads,
    ):
        run = threads.submit(index_apart, container, collection, None, opens, told)
        try:
            with pytest.raises(ModelError, match="it is cancelled"):
                run.result(30)
        finally:
            for one in living("api.operations.apart"):
                os.kill(one, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_process_that_is_killed_costs_its_run_and_nothing_else(
    container: Container, opens: partial[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = ColourEncoder.encode_images

    def kill(_self: ColourEncoder, _pixels: PixelArray) -> Float32Array:
        (child,) = living("api.operations.apart")
        os.kill(child, signal.SIGKILL)
        raise ModelError("it has nobody to answer any more")

    with container.open_collection("c", create=True) as collection:
        monkeypatch.setattr(ColourEncoder, "encode_images", kill)
        with pytest.raises(RuntimeError, match=r"ended without an answer \(killed, as where"):
            index_apart(container, collection, None, opens, lambda _progress: None)
        monkeypatch.setattr(ColourEncoder, "encode_images", encode)
        report = index_apart(container, collection, None, opens, lambda _progress: None)
    assert report.tally.added == 40
