"""The work's side: telling how far it is, and asking the parent."""

import os
import pickle
import threading
from multiprocessing.connection import Connection
from typing import IO, Any

from api.operations.apart.messages import Done, ProgressTold, QuestionAsked

_TELL_EVERY_S = 0.2


class Asker:
    """Asks the parent, and tells it the latest again and again. Thread-safe.

    Ends this process where nobody listens any more.
    """

    def __init__(self, to: Connection, heard: IO[bytes]) -> None:
        """Set up.

        Args:
            to: Where the parent hears.
            heard: Where it is heard.
        """
        self._to, self._heard = to, heard
        self._latest: object = None
        self._sending, self._asking = threading.Lock(), threading.Lock()
        self._has_ended = threading.Event()
        threading.Thread(target=self._repeat, daemon=True).start()

    def tell(self, latest: object) -> None:
        """Note how far the work is."""
        self._latest = latest

    def ask(self, name: str, *arguments: Any) -> Any:
        """Return what the parent answers.

        Raises:
            BinocleError: What was raised there.
        """
        with self._asking:
            self._send(QuestionAsked(name, arguments))
            try:
                answer = pickle.load(self._heard)
            except (OSError, EOFError, pickle.UnpicklingError):  # nothing, or cut off
                os._exit(1)
        if isinstance(answer, Done):
            return answer.value
        raise answer.error()

    def end(self, message: object) -> None:
        """Tell the latest once more, and how the work ended."""
        self._has_ended.set()
        self._send(ProgressTold(self._latest))
        self._send(message)

    def _send(self, message: object) -> None:
        with self._sending:
            try:
                self._to.send(message)
            except OSError:
                os._exit(1)

    def _repeat(self) -> None:
        while not self._has_ended.wait(_TELL_EVERY_S):
            self._send(ProgressTold(self._latest))
