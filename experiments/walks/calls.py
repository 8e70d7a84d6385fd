"""Which functions of the program are called, in threads that are started from now on."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

_ROOT = Path(__file__).resolve().parents[2]
_ROOMS = ("api", "binocle", "indexer", "search")


def function_of(code: CodeType) -> str | None:
    """Return a function of the program as ``file name``; None for what is none of its own."""
    path = Path(code.co_filename)
    if code.co_name.startswith("<") or not path.is_relative_to(_ROOT):
        return None
    inside = path.relative_to(_ROOT)
    own = inside.parts[0] in _ROOMS
    return f"{inside} {code.co_qualname.replace('.<locals>', '')}" if own else None


class Calls:
    """Counts calls of the program's functions in all threads that are started from now on."""

    def __init__(self) -> None:
        self._seen: list[CodeType] = []
        self._is_on = False
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if self._is_on and event == "call":
            self._seen.append(frame.f_code)

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count what is called meanwhile; the counts are there when the context is left."""
        found: Counter[str] = Counter()
        self._seen.clear()
        self._is_on = True
        yield found
        self._is_on = False
        found.update(name for name in map(function_of, self._seen) if name)


class CallsElsewhere:
    """What decoders write; they may write to no file, so it is read while they do."""

    def __init__(self) -> None:
        ours, self.end = os.pipe()
        self._lines: list[str] = []
        self._ours = os.fdopen(ours)
        self._reading = threading.Thread(target=lambda: self._lines.extend(self._ours), daemon=True)
        self._reading.start()

    def lines(self) -> list[str]:
        """Return the lines, once all decoders have ended."""
        os.close(self.end)
        self._reading.join()
        self._ours.close()
        return [one.rstrip() for one in self._lines]
