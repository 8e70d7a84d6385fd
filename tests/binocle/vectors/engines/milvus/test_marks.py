from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from binocle.vectors.base import Watermark
from binocle.vectors.engines.milvus.engine import discard_vectors
from binocle.vectors.engines.milvus.marks import Mark, MilvusMarks
from binocle.vectors.engines.milvus.server import MilvusAddress, MilvusServer
from experiments.engines.local_milvus import Milvus

pytestmark = pytest.mark.slow
MARK = Mark("image", "ab" * 32, "a token", "rows_1", "FLAT", True, 1, 9, 70, 2**60, 1_700_000_000)


@pytest.fixture(params=["old_milvus", "lite_milvus"])
def server(request: pytest.FixtureRequest) -> Iterator[MilvusServer]:
    running: Milvus = request.getfixturevalue(request.param)
    address = MilvusAddress.of(running.address)
    yield MilvusServer(address, "the vectors")
    discard_vectors(address, "test_of_marks")


def test_latest_is_the_last_of_the_last_generation(server: MilvusServer) -> None:
    marks = MilvusMarks(server, "test_of_marks")
    assert marks.of("image") == []
    later = replace(MARK, change=10)
    anew = replace(MARK, generation=2, change=3, has_token=False, token="")
    for one in (anew, later, MARK, replace(MARK, kind="text", change=99), MARK):
        marks.write(one)
    assert marks.of("image") == [MARK, later, anew]
    assert MARK.watermark == Watermark(9, 70, "a token")
    assert anew.watermark == Watermark(3, 70, None)
    marks.remove([MARK, later])
    assert marks.of("image") == [anew]


def test_collection_whose_making_was_killed_is_made_whole(
    server: MilvusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = MilvusMarks(server, "test_of_marks")

    def killed(client: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(type(client), "create_index", lambda *_, **__: 1 / 0)
            marks._make(client)

    with pytest.raises(ZeroDivisionError):
        server.run(killed)
    assert marks.of("image") == []
    marks.write(MARK)
    assert marks.of("image") == [MARK]
    server.run(lambda client: client.release_collection("test_of_marks_marks"))
    assert marks.of("image") == [MARK]
