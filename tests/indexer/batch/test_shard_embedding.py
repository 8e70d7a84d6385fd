"""A shard is embedded by whoever has the model, and makes the same file whoever does it."""

from pathlib import Path

import pytest

from binocle.errors import SpaceMismatchError
from binocle.types import Limits
from indexer.batch.batch_job import BatchJob, plan_job
from indexer.batch.shard_embedding import ShardEmbedder
from indexer.batch.shard_file import read_shard
from indexer.sources.folder import FolderSource
from tests.support import Bench, CountingEncoder, picture_bytes, shared_decoders, write_photos


@pytest.fixture
def job(tmp_path: Path) -> BatchJob:
    bench = Bench(tmp_path / "collection")
    folder = write_photos(tmp_path / "photos")
    (folder / "2019" / "copy.jpg").write_bytes(picture_bytes(1))
    (folder / "2019" / "broken.jpg").write_bytes(b"no picture")
    return plan_job(
        bench.collection, FolderSource(folder), tmp_path / "job", written={"uri": str(folder)},
        model="colour", space=bench.encoder.space, limits=Limits(), shard_size=12,
    )  # fmt: skip


def test_a_content_is_embedded_once_and_a_shard_makes_the_same_file(job: BatchJob) -> None:
    encoder = CountingEncoder()
    with shared_decoders(2, Limits()) as decoders:
        source = FolderSource(Path(job.source["uri"]))
        embedder = ShardEmbedder(job, encoder, decoders, source.open)
        report = embedder.embed(0)
        assert (report.shard, report.embedded, report.skipped) == (0, 10, 1)
        assert encoder.images == 10
        first = job.result_of(0).read_bytes()
        embedder.embed(0)
        assert job.result_of(0).read_bytes() == first
    found = read_shard(job.result_of(0), encoder.space)
    assert (len(found.parts), len(found.pictures)) == (10, 12)


def test_another_version_of_the_model_is_refused(job: BatchJob) -> None:
    other = CountingEncoder()
    other.space = type(other.space)("colour", other.space.dimension, "0" * 64)
    with (
        shared_decoders(2, Limits()) as decoders,
        pytest.raises(SpaceMismatchError, match="planned with another colour than this machine"),
    ):
        ShardEmbedder(job, other, decoders, lambda _: b"")
