"""Decoding in processes of their own, so that a hostile file can only kill a worker.

A worker is ``python -m binocle.decoding``: it reads requests from its standard input and
answers on its standard output, each a length-prefixed pickle between two processes of the same
user. A picture that takes too long, or whose decoder crashes, costs that one worker, which is
replaced. When the parent dies, however it dies, the pipe closes and the workers end.
"""

import os
import pickle
import queue
import resource
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from binocle import errors
from binocle.errors import DecoderCrashError, DecodeTimeoutError, PictureError
from binocle.types import ImageSpec, Limits, Picture

_HEADER = struct.Struct("<Q")
_WORKER_ADDRESS_SPACE_BYTES = 3 * 1024**3


class DecoderPool:
    """A fixed number of decoder processes, started when first needed. Thread-safe."""

    def __init__(self, workers: int, limits: Limits) -> None:
        """Prepare a pool; no process is started yet.

        Args:
            workers: How many pictures may be decoded at once, at least 1.
            limits: What one picture may cost.
        """
        self.workers = workers
        self.limits = limits
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._closed = False
        for _ in range(workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def decode(self, data: bytes, spec: ImageSpec) -> Picture:
        """Decode one picture in a worker; blocks while all workers are busy.

        Raises:
            PictureError: As for ``images.load``; also ``DecodeTimeoutError`` and
                ``DecoderCrashError``. The pool stays usable.
        """
        if len(data) > self.limits.max_bytes:
            raise errors.PictureTooLargeError(
                f"{len(data):,} bytes are more than the limit of {self.limits.max_bytes:,}"
            )
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _Worker()
            return worker.decode(data, spec, self.limits)
        except (DecodeTimeoutError, DecoderCrashError):
            if worker is not None:
                worker.kill()
            worker = None
            raise
        finally:
            self._idle.put(worker)
            if self._closed and worker is not None:
                worker.kill()

    def close(self) -> None:
        """End all workers. A decode still running gets ``DecoderCrashError``."""
        self._closed = True
        while True:
            try:
                worker = self._idle.get_nowait()
            except queue.Empty:
                return
            if worker is not None:
                worker.kill()


class _Worker:
    def __init__(self) -> None:
        package_root = str(Path(__file__).resolve().parent.parent)
        python_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "binocle.decoding"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": python_path},
            start_new_session=True,  # Ctrl-C is for the parent; it ends its workers itself
        )
        self._input = cast(IO[bytes], self._process.stdin)
        self._output = cast(IO[bytes], self._process.stdout)
        self._started = False

    def decode(self, data: bytes, spec: ImageSpec, limits: Limits) -> Picture:
        # A new worker also has to import Pillow, on a machine that may be busy.
        timeout_s = limits.timeout_s if self._started else limits.timeout_s + 20.0
        timed_out = threading.Event()

        def end() -> None:
            timed_out.set()
            self._process.kill()

        timer = threading.Timer(timeout_s, end)
        timer.daemon = True
        timer.start()
        try:
            _send(self._input, (data, spec, limits))
            answer = _receive(self._output)
        except (OSError, EOFError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            if timed_out.is_set():
                raise DecodeTimeoutError(f"decoding took longer than {limits.timeout_s:g} s")
            raise DecoderCrashError("the decoder process died on it")
        self._started = True
        if isinstance(answer, Picture):
            return answer
        raise _error_of(*answer)

    def kill(self) -> None:
        self._process.kill()
        for pipe in (self._input, self._output):
            try:
                pipe.close()
            except OSError:  # unsent bytes of a request nobody reads any more
                pass
        self._process.wait()


def _error_of(code: str, message: str) -> PictureError:
    kinds = (errors.PictureTooLargeError, errors.PictureTruncatedError, errors.NotAPictureError)
    return next((kind for kind in kinds if kind.code == code), PictureError)(message)


def _send(stream: IO[bytes], message: object) -> None:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    (length,) = _HEADER.unpack(header)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return pickle.loads(body)  # noqa: S301 - both ends are this program, same user


def work() -> None:
    """Serve decode requests on the standard streams until the parent closes them."""
    from binocle import images

    resource.setrlimit(resource.RLIMIT_AS, (_WORKER_ADDRESS_SPACE_BYTES,) * 2)
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what codecs may print
    while True:
        try:
            data, spec, limits = _receive(requests)
        except EOFError:
            return
        try:
            answer: object = images.load(data, spec, limits)
        except PictureError as error:
            answer = (error.code, str(error))
        except MemoryError:
            answer = (errors.PictureTooLargeError.code, "decoding needs too much memory")
        data = b""
        _send(answers, answer)


if __name__ == "__main__":
    work()
