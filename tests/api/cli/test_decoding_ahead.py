"""Decoders that start before everything is imported: only where pictures are to be expected."""

import os
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from api.cli.decoding_ahead import begin_decoders
from binocle.collection.beside_searches import AHEAD_NICE
from binocle.media import sandbox
from binocle.types import ImageSpec, Limits


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Ids of what is started; the home is a folder of the test's."""
    pids: list[int] = []
    start = sandbox.start_decoder

    def noted(nice: int) -> object:
        process = start(nice)
        pids.append(process.pid)
        return process

    monkeypatch.setattr(sandbox, "start_decoder", noted)
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path / "home"))
    return pids


def test_a_folder_for_a_new_collection_finds_its_decoder_begun(
    started: list[int], tmp_path: Path
) -> None:
    Image.fromarray(np.full((9, 9, 3), 200, np.uint8)).save(tmp_path / "a.png")
    with click.Context(click.Command("index")) as context:
        begin_decoders([tmp_path], "new", 1)
        assert len(started) == 1
        with context.obj["open_decoders"](2, Limits()) as pool:
            spec = ImageSpec(4, 4)
            assert pool.decode((tmp_path / "a.png").read_bytes(), spec).pixels.min() == 200
            assert [one._process.pid for one in pool._alive] == started  # it is the pool's now
            priorities = [os.getpriority(os.PRIO_PROCESS, one) for one in (0, *started)]
            assert priorities[1] == min(priorities[0] + 4, 19)  # who embeds goes first
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0], 0)  # it has been ended, and waited for


def test_those_that_start_later_have_the_same_priority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start, asked = sandbox.start_decoder, []

    def noted(nice: int) -> object:
        asked.append(nice)
        return start(nice)

    monkeypatch.setattr(sandbox, "start_decoder", noted)
    monkeypatch.setenv("BINOCLE_HOME", str(tmp_path / "home"))
    with click.Context(click.Command("index")) as context:
        begin_decoders([tmp_path], "new", 1)
        with context.obj["open_decoders"](2, Limits()) as pool:
            pool._start()
            pool._start()
    assert asked == [AHEAD_NICE] * 2


def test_none_is_begun_where_nothing_may_be_decoded(started: list[int], tmp_path: Path) -> None:
    (tmp_path / "home" / "collections" / "known").mkdir(parents=True)
    (tmp_path / "texts.csv").write_text("a,b\n")
    with click.Context(click.Command("index"), obj={"open_decoders": None}):
        begin_decoders([tmp_path], "new", 1)
    with click.Context(click.Command("index")) as context:
        begin_decoders([tmp_path], "known", 1)
        begin_decoders([tmp_path / "texts.csv", "s3://bucket/folder"], "new", 1)
        assert context.obj is None
    assert not started


@pytest.mark.parametrize(("variable", "count"), [("1", 1), ("", 3), ("many", 0)])
def test_no_more_are_begun_than_may_decode_at_once(
    started: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, count: int
) -> None:
    monkeypatch.setenv("BINOCLE_WORKERS", variable)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    with click.Context(click.Command("index")) as context:
        begin_decoders([tmp_path], "new", None)
        context.obj["open_decoders"](3, Limits()).close()
    assert len(started) == count


def test_archives_are_expected_to_hold_pictures(started: list[int], tmp_path: Path) -> None:
    with click.Context(click.Command("index")) as context:
        begin_decoders([tmp_path / "A.TAR"], "new", 1)
        context.obj["open_decoders"](1, Limits()).close()  # never asked: ended all the same
    assert len(started) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(started[0], 0)
