import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from binocle.errors import (
    DecoderCrashError,
    DecodeTimeoutError,
    NotAPictureError,
    PictureError,
    PictureTooLargeError,
    PictureTruncatedError,
)
from binocle.media import images
from binocle.media.decoder_messages import Answer, GarbledError, read_answer
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Limits

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

SPEC = ImageSpec(16, 16)


def picture(seed: int = 0, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def shared() -> Iterator[DecoderPool]:
    """A pool of one worker for those who only decode."""
    with DecoderPool(1, Limits()) as pool:
        yield pool


@pytest.fixture(scope="module")
def slow_picture() -> bytes:
    """A small file that takes some tenths of a second to decode."""
    file = io.BytesIO()
    Image.new("L", (10_500, 10_500)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def living_workers(parent: int) -> set[int]:
    """Living decoder processes whose parent is the given process."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent_id = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if int(parent_id) == parent and state != "Z" and b"binocle.media.decoder_pool" in command:
            found.add(int(folder.name))
    return found


OF_OTHERS: set[int] = set()  # a service that other tests keep for the session has decoders too


@pytest.fixture(autouse=True)
def _leave_others_out() -> None:
    OF_OTHERS.clear()
    OF_OTHERS.update(living_workers(os.getpid()))


def workers_of(parent: int) -> set[int]:
    """Living decoder processes of the given process that this test has started."""
    return living_workers(parent) - OF_OTHERS


def is_alive(process_id: int) -> bool:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_worker_gives_what_load_gives(shared: DecoderPool, kind: str) -> None:
    data = picture(kind=kind)
    decoded = shared.decode(data, SPEC)
    expected = images.load(data, SPEC)
    assert np.array_equal(decoded.pixels, expected.pixels)
    assert decoded.info == expected.info


def test_a_worker_gives_the_part_that_load_region_gives(shared: DecoderPool) -> None:
    data = picture(kind="JPEG")
    box = (0.25, 0.0, 0.75, 0.5)
    part = shared.decode(data, SPEC, box)
    assert np.array_equal(part.pixels, images.load_region(data, SPEC, box).pixels)
    assert part.info == images.load_region(data, SPEC, box).info


def test_no_process_is_started_before_the_first_picture() -> None:
    with DecoderPool(2, Limits()):
        assert workers_of(os.getpid()) == set()


def test_errors_keep_their_class_and_message_and_cost_no_worker() -> None:
    cases: list[tuple[bytes, type[PictureError]]] = [
        (b"", PictureTruncatedError),
        (picture()[:4000], PictureTruncatedError),
        (b"no picture at all", NotAPictureError),
        (picture(kind="BMP") + b"." * 100_000, PictureTooLargeError),
        (picture()[:40] + b"\xff" + picture()[41:], PictureError),
    ]
    limits = Limits(max_bytes=50_000)
    with DecoderPool(1, limits) as pool:
        pool.decode(picture(), SPEC)
        before = workers_of(os.getpid())
        for data, kind in cases:
            with pytest.raises(kind) as here:
                images.load(data, SPEC, limits)
            with pytest.raises(kind) as there:
                pool.decode(data, SPEC)
            assert type(there.value) is type(here.value)
            assert str(there.value) == str(here.value)
        assert workers_of(os.getpid()) == before


def test_the_pixel_limit_holds_in_the_worker() -> None:
    with DecoderPool(1, Limits(max_pixels=100)) as pool, pytest.raises(PictureTooLargeError):
        pool.decode(picture(), SPEC)


def test_a_killed_idle_worker_costs_at_most_one_picture() -> None:
    with DecoderPool(1, Limits()) as pool:
        pool.decode(picture(), SPEC)
        (worker,) = workers_of(os.getpid())
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not is_alive(worker))
        try:
            pool.decode(picture(1), SPEC)
        except DecoderCrashError:
            pass
        assert np.array_equal(
            pool.decode(picture(2), SPEC).pixels, images.load(picture(2), SPEC).pixels
        )
        assert worker not in workers_of(os.getpid())


def test_a_signal_to_all_processes_of_a_service_costs_no_worker(shared: DecoderPool) -> None:
    shared.decode(picture(), SPEC)
    before = living_workers(os.getpid())
    for one in before:
        os.kill(one, signal.SIGTERM)
    time.sleep(0.1)
    shared.decode(picture(), SPEC)
    assert living_workers(os.getpid()) == before != set()


def test_a_worker_that_dies_on_a_picture_is_a_decoder_crash(slow_picture: bytes) -> None:
    with DecoderPool(1, Limits()) as pool, ThreadPoolExecutor(1) as threads:
        pool.decode(picture(), SPEC)
        (worker,) = workers_of(os.getpid())
        pending = threads.submit(pool.decode, slow_picture, SPEC)
        time.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(DecoderCrashError):
            pending.result(timeout=30)
        pool.decode(picture(), SPEC)


def test_a_picture_that_takes_too_long_is_ended_and_the_pool_goes_on() -> None:
    with DecoderPool(1, Limits(timeout_s=1.5)) as pool:
        pool.decode(picture(), SPEC)  # a worker that only starts has longer
        (worker,) = workers_of(os.getpid())
        os.kill(worker, signal.SIGSTOP)  # as slow as a picture can be
        with pytest.raises(DecodeTimeoutError, match=r"1\.5 s"):
            pool.decode(picture(), SPEC)
        assert not is_alive(worker)
        pool.decode(picture(), SPEC)


def test_worker_that_is_ended_as_its_answer_comes_costs_no_other_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_late(*given: Any) -> Answer:
        answer = read_answer(*given)
        wait_until(lambda: not workers_of(os.getpid()))
        return answer

    with DecoderPool(1, Limits(timeout_s=1.5)) as pool:
        pool.decode(picture(), SPEC)
        with monkeypatch.context() as patch:
            patch.setattr("binocle.media.decoder_pool.read_answer", read_late)
            with pytest.raises(DecodeTimeoutError):
                pool.decode(picture(), SPEC)
        pool.decode(picture(), SPEC)


def test_many_threads_get_their_own_pictures() -> None:
    files = [picture(seed) for seed in range(24)]
    with DecoderPool(2, Limits()) as pool, ThreadPoolExecutor(6) as threads:
        decoded = list(threads.map(lambda data: pool.decode(data, SPEC), files))
        assert len(workers_of(os.getpid())) <= 2
    for data, got in zip(files, decoded, strict=True):
        assert np.array_equal(got.pixels, images.load(data, SPEC).pixels)


def test_no_worker_is_left_after_close() -> None:
    pool = DecoderPool(2, Limits())
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda seed: pool.decode(picture(seed), SPEC), range(8)))
    assert workers_of(os.getpid())
    pool.close()
    assert workers_of(os.getpid()) == set()
    pool.close()


def test_close_ends_a_decode_that_is_running(slow_picture: bytes) -> None:
    pool = DecoderPool(1, Limits())
    pool.decode(picture(), SPEC)
    with ThreadPoolExecutor(1) as threads:
        pending = threads.submit(pool.decode, slow_picture, SPEC)
        time.sleep(0.1)
        pool.close()
        with pytest.raises(DecoderCrashError):
            pending.result(timeout=30)
    assert workers_of(os.getpid()) == set()


def test_a_closed_pool_refuses_instead_of_waiting_for_ever() -> None:
    pool = DecoderPool(1, Limits())
    pool.decode(picture(), SPEC)
    pool.close()
    refusals: list[Exception] = []

    def use() -> None:
        try:
            pool.decode(picture(), SPEC)
        except Exception as error:  # any refusal will do
            refusals.append(error)

    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert refusals


PARENT = """
import sys, threading
from binocle.media.decoder_messages import GarbledError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import ImageSpec, Limits

data = open(sys.argv[1], "rb").read()
pool = DecoderPool(2, Limits())
barrier = threading.Barrier(3)

def use():
    pool.decode(data, ImageSpec(16, 16))
    barrier.wait()

for _ in range(2):
    threading.Thread(target=use).start()
barrier.wait()
print("ready", flush=True)
sys.stdin.read()
"""


def test_workers_end_when_their_parent_is_killed(tmp_path: Path, slow_picture: bytes) -> None:
    path = tmp_path / "slow.png"  # slow, so that both workers are needed
    path.write_bytes(slow_picture)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        workers = workers_of(parent.pid)
        assert len(workers) == 2
        parent.kill()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))


def test_decoders_may_have_a_lower_priority_than_this_process() -> None:
    with DecoderPool(1, Limits(), nice=3) as pool:
        pool.decode(picture(), SPEC)
        (worker,) = workers_of(os.getpid())
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, worker) == min(own + 3, 19)


def test_worker_has_nothing_of_the_environment_and_no_rights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BINOCLE_SECRET_OF_A_TEST", "hidden")
    with DecoderPool(1, Limits()) as pool:
        pool.decode(picture(), SPEC)
        (worker,) = workers_of(os.getpid())
        environment = Path(f"/proc/{worker}/environ").read_bytes()
        status = Path(f"/proc/{worker}/status").read_text()
        limits = Path(f"/proc/{worker}/limits").read_text()
    names = {one.split(b"=")[0].decode() for one in environment.split(b"\0") if one}
    assert b"hidden" not in environment
    threads = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    own = {"DECODER_NICE", "PYTHONPATH", "LD_LIBRARY_PATH", "PYTHONHOME", "LC_CTYPE"}
    assert names <= own | threads
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert re.search(r"^Max file size +0 +0 ", limits, re.MULTILINE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_every_format_is_decoded_without_rights(shared: DecoderPool, kind: str) -> None:
    data = picture(kind=kind)
    decoded = shared.decode(data, ImageSpec(16, 16, fingerprint=True))
    small = shared.thumbnail(data, 32)
    assert np.array_equal(decoded.pixels, images.load(data, SPEC).pixels)
    assert decoded.fingerprint is not None
    assert small == images.encoded_thumbnail(data, 32)


def test_worker_that_answers_something_else_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def garbled(*_: object) -> None:
        raise GarbledError("nonsense")

    with DecoderPool(1, Limits()) as pool:
        pool.decode(picture(), SPEC)
        before = workers_of(os.getpid())
        with monkeypatch.context() as patch:
            patch.setattr("binocle.media.decoder_pool.read_answer", garbled)
            with pytest.raises(DecoderCrashError):
                pool.decode(picture(), SPEC)
        pool.decode(picture(), SPEC)
        assert not before & workers_of(os.getpid())


def test_worker_whose_answer_was_not_read_to_its_end_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with DecoderPool(1, Limits()) as pool:
        pool.decode(picture(), SPEC)
        with monkeypatch.context() as patch:
            patch.setattr("binocle.media.decoder_pool.read_answer", interrupted)
            with pytest.raises(KeyboardInterrupt):
                pool.decode(picture(), SPEC)
        small = pool.thumbnail(picture(), 32)
    assert small == images.encoded_thumbnail(picture(), 32), "not the answer to the question before"


def test_picture_with_an_endless_name_of_its_camera_is_read(shared: DecoderPool) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "m" * 2000, "n" * 2000
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "JPEG", exif=exif)
    camera = shared.decode(file.getvalue(), SPEC).info.camera
    assert camera == "m" * 400 + " " + "n" * 400
