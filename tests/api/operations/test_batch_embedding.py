"""Shards embedded by several processes, and on a real Ray cluster that loses a node."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from api.container import Container
from api.operations.batch_embedding import (
    embed_in_processes,
    embed_on_cluster,
    import_job,
    plan,
)
from api.settings import read_settings
from binocle.errors import ModelError, SourceError, UsageError
from indexer.batch.batch_job import BatchJob
from indexer.sources.table import ColumnRoles
from tests.support import picture_bytes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),  # its own defaults
]
_PICTURES = 240


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(read_settings(home=tmp_path / "home", workers=1))


@pytest.fixture
def job(container: Container, tmp_path: Path) -> BatchJob:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(_PICTURES):
        (folder / f"{number:04}.jpg").write_bytes(picture_bytes(number, size=(48, 48)))
    return plan(
        container, folder, "photos", tmp_path / "job", model="colour", columns=ColumnRoles(),
        exclude=(), shard_size=10,
    )  # fmt: skip


def check_imported(container: Container, job: BatchJob) -> None:
    """Every picture is there once."""
    assert not job.missing()
    assert import_job(container, job.folder, "photos").tally.added == _PICTURES
    with container.open_collection("photos") as collection, collection.reading() as session:
        assert session.parts.count()["image"] == _PICTURES


def test_processes_share_the_shards(container: Container, job: BatchJob) -> None:
    options = {"home": container.settings.home, "workers": 1}
    done = list(embed_in_processes(job.folder, job.missing()[:6], options, 2))
    assert sorted(one.shard for one in done) == list(range(6))
    assert sum(one.embedded for one in done) == 60
    assert len(job.missing()) == 18


def test_processes_pass_over_what_others_have_done(container: Container, job: BatchJob) -> None:
    options = {"home": container.settings.home, "workers": 1}
    wanted = job.missing()[:4]
    for shard in wanted[:3]:
        job.result_of(shard).touch()  # by another machine, since this one asked what is missing
    done = list(embed_in_processes(job.folder, wanted, options, 2))
    assert sum(one.embedded for one in done) == 10


def test_processes_tell_what_is_not_there(container: Container, job: BatchJob) -> None:
    Path(job.source["uri"]).rename(job.folder.parent / "elsewhere")
    options = {"home": container.settings.home, "workers": 1}
    with pytest.raises(SourceError, match="there is nothing at"):
        list(embed_in_processes(job.folder, job.missing(), options, 2))


def test_process_that_dies_is_told(container: Container, job: BatchJob) -> None:
    options = {"home": container.settings.home, "workers": 1}
    done = embed_in_processes(job.folder, job.missing(), options, 2)
    next(done)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(ModelError, match="has died"):
        list(done)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.long
def test_every_picture_is_there_once_after_a_node_was_lost(
    container: Container, job: BatchJob, cluster: Cluster
) -> None:
    lost, _ = (cluster.add_node(num_cpus=1) for _ in range(2))
    options: dict[str, Any] = {"home": container.settings.home, "workers": 1}

    def lose() -> None:
        while len(job.missing()) > len(job.shards) - 2:
            time.sleep(0.05)
        cluster.remove_node(lost, allow_graceful=False)

    losing = threading.Thread(target=lose, daemon=True)
    losing.start()
    done = list(
        embed_on_cluster(
            job.folder, job.missing(), options, address=cluster.address, actors=3, gpus=0
        )
    )
    losing.join()
    assert sorted(one.shard for one in done) == list(range(len(job.shards)))
    assert lost not in cluster.worker_nodes
    check_imported(container, job)


def test_a_cluster_that_does_not_answer_is_named(container: Container, job: BatchJob) -> None:
    options = {"home": container.settings.home}
    with pytest.raises(UsageError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 "):
        list(embed_on_cluster(job.folder, [0], options, address="127.0.0.1:1", actors=1, gpus=0))
