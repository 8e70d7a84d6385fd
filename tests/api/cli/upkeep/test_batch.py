"""``binocle batch``: planned, embedded in parts, imported, as a person does it."""

import json
from pathlib import Path
from typing import Any

import pytest

from binocle.errors import ModelError, SourceError, UsageError
from indexer.batch import batch_job
from tests.support import write_photos
from tests.support.shop import run_cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_photos(tmp_path / "photos")
    return tmp_path / "home"


def run(home: Path, *arguments: object) -> Any:
    code, output = run_cli(home, *arguments, "--json")[:2]
    assert code == 0, output
    return json.loads(output.splitlines()[-1])


def plan(home: Path, job: Path, *more: object) -> Any:
    photos = home.parent / "photos"
    return run(home, "batch", "plan", photos, "--to", job, "-c", "p", "--model", "colour", *more)


def test_tasks_of_an_array_embed_each_their_share_and_an_import_needs_all(
    home: Path, tmp_path: Path
) -> None:
    job = tmp_path / "job"
    told = plan(home, job, "--shard-size", "4")
    assert told == {"job": str(job), "items": 20, "shards": 5}
    first = run(home, "batch", "embed", job, "--task", 0, "--tasks", 2)
    assert first == {"shards": 3, "embedded": 12, "skipped": 0, "left": 2}
    with pytest.raises(UsageError, match="2 of 5 shards are not embedded yet"):
        run(home, "import", job, "p")
    second = run(home, "batch", "embed", job, "--task", 1, "--tasks", 2)
    assert (second["shards"], second["left"]) == (2, 0)
    assert run(home, "batch", "embed", job)["shards"] == 0
    assert run(home, "import", job, "p")["added"] == 20
    assert run(home, "import", job, "p")["unchanged"] == 20
    found = run(home, "search", "red", "-c", "p", "-k", 3)
    assert len(found["hits"]) == 3
    assert plan(home, tmp_path / "again")["items"] == 0


def test_damaged_shard_costs_itself(home: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    plan(home, job, "--shard-size", "4")
    for shard in (0, 2):
        (job / "items" / f"{shard:05}.jsonl").write_bytes(b"{}\n")
    every = [part for shard in range(5) for part in ("--shard", shard)]
    with pytest.raises(SourceError, match=r"00000\.jsonl is not as .* \(and 1 more shard\)"):
        run(home, "batch", "embed", job, *every)
    assert len(list((job / "results").iterdir())) == 3


def test_wrong_jobs_shards_and_tasks_are_named(home: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    with pytest.raises(SourceError, match="holds no job; 'binocle batch plan"):
        run(home, "batch", "embed", job)
    plan(home, job)
    with pytest.raises(UsageError, match="is not empty"):
        plan(home, job)
    with pytest.raises(UsageError, match="has no shard 7; there are 1, from 0"):
        run(home, "batch", "embed", job, "--shard", 7)
    with pytest.raises(UsageError, match="there is no task 2 of 2"):
        run(home, "batch", "embed", job, "--task", 2, "--tasks", 2)
    (job / "items" / "00000.jsonl").write_bytes(b"{}\n")
    with pytest.raises(SourceError, match="is not as it was planned"):
        run(home, "batch", "embed", job)


def test_nothing_is_left_of_a_plan_that_came_to_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothing = run(home, "batch", "plan", tmp_path / "empty", "--to", tmp_path / "job", "-c", "new")
    assert (nothing["items"], nothing["shards"]) == (0, 0)
    with pytest.raises(ModelError):
        run(home, "batch", "plan", home.parent / "photos", "--to", tmp_path / "job",
            "-c", "new", "--model", "no-such-model")  # fmt: skip
    assert not (tmp_path / "job").exists()
    assert not (home / "collections" / "new").exists()
    with pytest.raises(SourceError, match="holds no job"):
        run(home, "import", tmp_path / "empty", "new")


def test_a_plan_that_is_cut_short_leaves_no_job(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_job, "line_of", interrupted)
    photos = home.parent / "photos"
    assert run_cli(home, "batch", "plan", photos, "--to", tmp_path / "job", "-c", "p")[0] == 1
    assert not (tmp_path / "job").exists()
    monkeypatch.undo()
    assert plan(home, tmp_path / "job")["items"] == 20
