"""What removed records leave is cleared a little later, whoever has removed them."""

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from api.container import Container
from api.http.runtime.upkeep import RemovalTraces, give_back_memory
from api.operations import removal
from api.operations.doctor.gone import examine_gone
from api.operations.removal import remove_records
from api.settings import read_settings
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from binocle.types import NewPart, NewRecord, Space

_POOLS = """
import ctypes, sys, threading
from api.http.runtime.upkeep import share_memory

def take():
    kept.append(bytearray(60_000))
    together.wait()

share_memory()
kept, together = [], threading.Barrier(8)
threads = [threading.Thread(target=take) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(read_settings(home=tmp_path, model="colour"))


@pytest.fixture
def collection(container: Container) -> Collection:
    """Eight records, in saved indices."""
    opened = container.open_collection("c", create=True)
    opened.claim_space(Space("colour", 8, "fingerprint"))
    rows = np.eye(8, dtype=np.float32)
    opened.upsert([
        NewRecord(f"r{n}", f"r{n}", {}, (NewPart("text", "title", "", bytes([n]) * 32, rows[n],
                  text=f"word{n}"),))
        for n in range(8)
    ])  # fmt: skip
    opened.save_indices()
    return opened


def left(container: Container, record_id: str) -> str:
    found = examine_gone(container, "c", record_id).findings
    return " ".join(one.message for one in found if one.level == "damage")


def test_vectors_that_another_process_removed_leave_the_saved_index(
    container: Container, collection: Collection
) -> None:
    traces = RemovalTraces()
    with Collection(collection.path) as other:
        remove_records(other, ["r1"])
    assert "the saved text index has removed parts" in left(container, "r1")
    traces.clear([collection], set())  # it sleeps
    assert left(container, "r1")
    traces.clear([collection], {"c"})
    assert left(container, "r1") == ""


def test_nothing_is_written_where_nothing_was_removed(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces, calls = RemovalTraces(), list[Collection]()

    def clear(one: Collection, _: object) -> bool:
        calls.append(one)
        return True

    monkeypatch.setattr("api.http.runtime.upkeep.clear_traces", clear)
    traces.clear([collection], {"c"})
    assert calls == []
    remove_records(collection, ["r2"])
    traces.clear([collection], {"c"})
    traces.clear([collection], {"c"}, is_last=True)  # that change is done with
    assert len(calls) == 1


def test_a_damaged_catalogue_keeps_no_other_collection_from_being_cleared(
    container: Container, collection: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = container.open_collection("damaged", create=True)
    damaged.rest()
    (damaged.path / "catalog.sqlite").write_bytes(b"no database" * 999)
    remove_records(collection, ["r1"])
    RemovalTraces().clear([damaged, collection], {"c", "damaged"})
    assert left(container, "r1") == ""
    assert "traces of removed records may stay in damaged" in caplog.text


def test_what_could_not_be_cleared_is_tried_again(
    container: Container, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = RemovalTraces()

    calls = list[object]()

    def busy_at_first(*given: object, **_: object) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise StorageError("somebody reads it")

    monkeypatch.setattr(removal, "clear_removed", busy_at_first)
    remove_records(collection, ["r3"])
    traces.note(collection, ["r3"])
    traces.clear([collection], set())
    traces.clear([collection], set(), is_last=True)
    traces.clear([collection], set(), is_last=True)
    assert len(calls) == 2
    assert left(container, "r3") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_that_threads_have_let_go_of_is_given_back() -> None:
    def take() -> None:
        kept.append([bytearray(60_000) for _ in range(2000)][-1])

    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

    kept: list[bytearray] = []
    threads = [threading.Thread(target=take) for _ in range(4)]
    before = resident_mb()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    give_back_memory()
    assert resident_mb() < before + 60, "each thread took 120 MB"


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_threads_take_memory_from_two_pools(tmp_path: Path) -> None:
    environment = {name: os.environ[name] for name in os.environ if name != "MALLOC_ARENA_MAX"}
    code = [sys.executable, "-c", _POOLS, str(tmp_path / "pools")]
    subprocess.run(code, env=environment, check=True)
    assert (tmp_path / "pools").read_text().count("<heap nr=") == 2
