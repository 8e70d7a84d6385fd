"""What a job's folder holds, and what is said where it cannot be used."""

import json
from pathlib import Path

import pytest

from binocle.errors import SourceError, UsageError
from binocle.types import Limits
from indexer.batch.batch_job import BatchJob, plan_job, read_job
from indexer.sources.folder import FolderSource
from tests.support import Bench, write_photos


def plan(bench: Bench, source: Path, folder: Path, limits: Limits | None = None) -> BatchJob:
    return plan_job(
        bench.collection, FolderSource(source), folder, written={"uri": str(source)},
        model="colour", space=bench.encoder.space, limits=limits or Limits(), shard_size=8,
    )  # fmt: skip


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    bench, source = Bench(tmp_path / "c"), write_photos(tmp_path / "photos")
    with pytest.raises(SourceError, match="holds no job"):
        read_job(tmp_path / "job")
    job = plan(bench, source, tmp_path / "job")
    assert read_job(tmp_path / "job") == job
    assert (job.items, len(job.shards), job.missing()) == (20, 3, [0, 1, 2])
    assert [len(job.items_of(shard)) for shard in range(3)] == [8, 8, 4]


def test_a_result_s_name_follows_from_items_and_limits(tmp_path: Path) -> None:
    source = write_photos(tmp_path / "photos")
    one, same, other = (
        plan(Bench(tmp_path / name), source, tmp_path / f"{name}-job", limits)
        for name, limits in (("a", None), ("b", None), ("c", Limits(max_pixels=5)))
    )
    assert one.shards == same.shards
    assert len(set(one.shards)) == 3
    assert not set(one.shards) & set(other.shards)


def test_a_part_of_a_known_source_and_a_full_folder_are_refused(tmp_path: Path) -> None:
    bench, source = Bench(tmp_path / "c"), write_photos(tmp_path / "photos")
    plan(bench, source, tmp_path / "job")
    with pytest.raises(UsageError, match=r"2019 lies in .*photos, which the collection knows"):
        plan(bench, source / "2019", tmp_path / "part")
    with pytest.raises(UsageError, match="is not empty"):
        plan(bench, source, tmp_path / "job")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"format": 2}, "newer Binocle"), ({"space": {}}, "damaged"), ({"shards": None}, "damaged")],
)
def test_damaged_and_newer_jobs_are_named(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    plan(Bench(tmp_path / "c"), write_photos(tmp_path / "photos"), tmp_path / "job")
    path = tmp_path / "job" / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SourceError, match=said):
        read_job(tmp_path / "job")
