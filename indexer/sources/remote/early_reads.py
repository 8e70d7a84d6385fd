"""Reading by several threads what will be asked for, from the first that is asked for on."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

Read = Callable[[], bytes]
_MOST_WAITING = 256


class EarlyReads:
    """Begins reads early. Who only lists, and reads nothing, has nothing read. Thread-safe."""

    def __init__(self, at_once: int) -> None:
        """Set up.

        Args:
            at_once: How many threads read.
        """
        self._threads = ThreadPoolExecutor(at_once, "binocle-read")  # they end with the last read
        self._lock = threading.Lock()
        self._waiting: deque[_PlannedRead] = deque(maxlen=_MOST_WAITING)
        self._has_begun = self._has_ended = False

    def planned(self, read: Read) -> Read:
        """Return a read that may be begun before it is called, and gives the same."""
        planned = _PlannedRead(read, self)
        with self._lock:
            if self._has_begun and not self._has_ended:
                planned.begun = self._threads.submit(read)
            else:
                self._waiting.append(planned)
        return planned

    def begin(self) -> None:
        """Begin what waits: something was asked for."""
        with self._lock:
            if not self._has_begun and not self._has_ended:
                for one in self._waiting:
                    one.begun = self._threads.submit(one.read)
            self._has_begun = True
            self._waiting.clear()

    def end(self) -> None:
        """Begin no more; what is called after that is read then."""
        with self._lock:
            self._has_ended = True
            self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _PlannedRead:
    """Gives once what is being read already; after that it reads again."""

    def __init__(self, read: Read, reads: EarlyReads) -> None:
        self.read, self._reads = read, reads
        self.begun: Future[bytes] | None = None

    def __call__(self) -> bytes:
        self._reads.begin()
        begun, self.begun = self.begun, None
        try:
            return begun.result() if begun else self.read()
        except CancelledError:  # it was ended
            return self.read()
