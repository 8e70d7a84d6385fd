"""Decoding in processes of their own, so that a hostile file can only kill a worker.

A worker is ``python -m binocle.media.decoder_pool``: it reads orders from its standard input and
answers on its standard output (``decoder_messages``). It has none of this process's environment and
gives up what rights it can before the first picture (``sandbox``). A picture that takes too long,
whose decoder crashes or answers something else than it was asked, costs that one worker, which is
replaced. When the parent dies, however it dies, the pipe closes and the workers end.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import IO, Self, cast

from binocle import errors
from binocle.errors import DecoderCrashError, DecodeTimeoutError, PictureError
from binocle.media import sandbox
from binocle.media.decoder_messages import (
    Answer,
    Box,
    GarbledError,
    Order,
    read_answer,
    read_order,
    read_ready,
    write_answer,
    write_order,
    write_ready,
)
from binocle.media.thumbnails import Thumbnail
from binocle.types import ImageSpec, Limits, Picture

_WORKER_ADDRESS_SPACE_BYTES = 3 * 1024**3
_PIPE_BYTES = 256 * 1024  # a file, or its pixels, goes through without a change of processes


class DecoderPool:
    """A fixed number of decoder processes, started when first needed. Thread-safe."""

    def __init__(
        self,
        workers: int,
        limits: Limits,
        *,
        begun: "list[subprocess.Popen[bytes]] | None" = None,
        nice: int = 0,
    ) -> None:
        """Prepare a pool; no process is started yet.

        Args:
            workers: How many pictures may be decoded at once, at least 1.
            limits: What one picture may cost.
            begun: What ``start_decoder`` has started before; taken out as they are needed, and
                ended with the pool.
            nice: How much lower than this process's the priority of other processes is.
        """
        self.workers = workers
        self.limits, self._nice = limits, nice
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._alive: set[_Worker] = set()
        self._deadlines = _Deadlines()
        self._closed = False
        self._begun = begun if begun is not None else []
        for _ in range(workers):
            self._places.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def decode(self, data: bytes, spec: ImageSpec, box: Box | None = None) -> Picture:
        """Decode one picture in a worker; blocks while all workers are busy.

        Args:
            data: The encoded file.
            spec: The pixels wanted.
            box: As for ``images.load_region``, for a part of the picture.

        Raises:
            PictureError: As for ``images.load``; also ``DecodeTimeoutError`` and
                ``DecoderCrashError``. The pool stays usable.
        """
        picture = self._ask(data, Order(self.limits, spec, box))
        assert isinstance(picture, Picture)
        return picture

    def thumbnail(self, data: bytes, max_side: int) -> Thumbnail:
        """Return an upright picture whose long side is at most ``max_side`` pixels.

        How it is encoded tells ``images.thumbnail_format``.

        Raises:
            PictureError: As for ``decode``.
        """
        made = self._ask(data, Order(self.limits, side=max_side))
        assert isinstance(made, Thumbnail)
        return made

    def _ask(self, data: bytes, order: Order) -> Picture | Thumbnail:
        if len(data) > self.limits.max_bytes:
            raise errors.PictureTooLargeError(
                f"{len(data):,} bytes are more than the limit of {self.limits.max_bytes:,}"
            )
        worker = self._places.get()
        try:
            if worker is None:
                worker = self._start()
            return worker.ask(data, order)
        except BaseException as error:
            is_whole = isinstance(error, PictureError) and not isinstance(
                error, DecodeTimeoutError | DecoderCrashError
            )
            if worker is not None and not is_whole:  # half an answer would be the next one's
                self._end(worker)
                worker = None
            raise
        finally:
            self._places.put(worker)

    def close(self) -> None:
        """End all workers; a decode that runs or waits gets ``DecoderCrashError``."""
        with self._lock:
            self._closed = True
            alive = [*self._alive, *(_Worker(one, self._deadlines) for one in self._begun)]
            self._begun.clear()
        for worker in alive:
            self._end(worker)
        self._deadlines.close()

    def _start(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise DecoderCrashError("the decoders have been closed")
            process = self._begun.pop() if self._begun else sandbox.start_decoder(self._nice)
            worker = _Worker(process, self._deadlines)
            self._alive.add(worker)
            return worker

    def _end(self, worker: "_Worker") -> None:
        worker.kill()
        with self._lock:
            self._alive.discard(worker)


class _Deadlines:
    """Kills workers that take too long, in one thread; one a picture cost as much as its pipes."""

    def __init__(self) -> None:
        self._due: dict[_Worker, float] = {}
        self._late: weakref.WeakSet[_Worker] = weakref.WeakSet()
        self._wakes_at = 0.0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def begin(self, worker: "_Worker", seconds: float) -> None:
        """Give a worker so long until ``end``."""
        with self._changed:
            if self._is_closed:
                return
            due = self._due[worker] = time.monotonic() + seconds
            if self._thread is None:
                self._wakes_at = due
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            elif due < self._wakes_at:
                self._changed.notify()

    def end(self, worker: "_Worker") -> bool:
        """Tell whether it was in time."""
        with self._changed:
            self._due.pop(worker, None)
            return worker not in self._late

    def close(self) -> None:
        """End the thread; nobody is killed any more."""
        with self._changed:
            self._due.clear()
            self._is_closed = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                for worker in [one for one, due in self._due.items() if due <= now]:
                    del self._due[worker]
                    self._late.add(worker)
                    worker.stop()
                self._wakes_at = min(self._due.values(), default=float("inf"))
                never = self._wakes_at == float("inf")
                self._changed.wait(None if never else self._wakes_at - now)


class _Worker:
    def __init__(self, process: "subprocess.Popen[bytes]", deadlines: _Deadlines) -> None:
        self._deadlines = deadlines
        self._process = process
        self._input = cast(IO[bytes], self._process.stdin)
        self._output = cast(IO[bytes], self._process.stdout)
        for pipe in (self._input, self._output):
            with suppress(ImportError, AttributeError, OSError):  # no Linux, or more than allowed
                import fcntl

                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._ready = False
        self._talking = threading.Lock()

    def ask(self, data: bytes, order: Order) -> Picture | Thumbnail:
        in_time = True
        with self._talking:
            try:
                if not self._ready:  # the clock starts when the worker has imported Pillow
                    read_ready(self._output)
                    self._ready = True
                self._deadlines.begin(self, order.limits.timeout_s)
                write_order(self._input, order, data)
                answer: Answer | None = read_answer(self._output, order, data)
            except (OSError, EOFError, ValueError, GarbledError):
                answer = None
            finally:
                in_time = self._deadlines.end(self)
        if not in_time:  # even with an answer: its process has been ended
            raise DecodeTimeoutError(f"decoding took longer than {order.limits.timeout_s:g} s")
        if isinstance(answer, Picture | Thumbnail):
            return answer
        if answer is not None:
            raise _error_of(*answer)
        raise DecoderCrashError("the decoder process died on it")

    def stop(self) -> None:
        """End the process, without waiting for it."""
        self._process.kill()

    def kill(self) -> None:
        """End the process; whoever waits for its answer gets none."""
        self._process.kill()
        self._process.wait()
        with self._talking:
            self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._input, self._output):
            try:
                pipe.close()
            except OSError:  # unsent bytes of a request nobody reads any more
                pass


def _error_of(code: str, message: str) -> PictureError:
    kinds = (errors.PictureTooLargeError, errors.PictureTruncatedError, errors.NotAPictureError)
    return next((kind for kind in kinds if kind.code == code), PictureError)(message)


def work() -> None:
    """Serve decode requests on the standard streams until the parent closes them."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which systemd sends all; what is begun is done
    import cv2

    from binocle.media import images

    os.nice(int(os.environ.get("DECODER_NICE", "0")))
    cv2.setNumThreads(1)  # this process's own; the pool has a process for each core
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what codecs may print
    sandbox.give_up_rights(_WORKER_ADDRESS_SPACE_BYTES)
    write_ready(answers)
    while True:
        try:
            order, data = read_order(requests)
        except EOFError:
            return
        try:
            if order.spec is None:
                answer: Answer = images.encoded_thumbnail(data, order.side, order.limits)
            elif order.box is None:
                answer = images.load(data, order.spec, order.limits)
            else:
                answer = images.load_region(data, order.spec, order.box, order.limits)
        except PictureError as error:
            answer = (error.code, str(error))
        except MemoryError:
            answer = (errors.PictureTooLargeError.code, "decoding needs too much memory")
        data = b""
        write_answer(answers, answer)


if __name__ == "__main__":
    work()
