"""``scripts/bench soak``: many clients for long; does memory stay flat, and is every answer good?

Records are stored, changed, found in every way, and removed again, so that their number stays the
same. Told are the answers by status and, over time, the memory and open files of the service with
its decoders: flat is what grows no more once the collection is full. Of a request that fails in the
service (500), its log is shown in the end, tracebacks and all.
"""

import argparse
import io
import itertools
import json
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from experiments.speed.service_load import serving

_WORDS = ("red", "blue", "dog", "lake", "child", "beach", "car", "tree", "snow", "city")
_PATH = "/v1/collections/soak"
_WARM_SHARE = 0.25  # of the time, for the collection to fill and caches to settle


@dataclass(slots=True)
class Soak:
    """What has been asked so far.

    Attributes:
        url: Of the service.
        most: Records that there are at most.
        pause_s: Of a client between two requests.
        statuses: How many answers there were of each kind of request and status.
        stored: Records that are there.
        lock: Held to touch the last two.
        is_over: Set when the time is over.
    """

    url: str
    most: int
    pause_s: float
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    stored: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: threading.Event = field(default_factory=threading.Event)

    def client(self, number: int) -> None:
        """Ask one request after another until the time is over."""
        rng = np.random.default_rng(number)
        with httpx.Client(base_url=self.url, timeout=60) as http:
            for turn in itertools.count():
                if self.is_over.wait(self.pause_s):
                    return
                kind, ask = self._choice(rng, f"{number}-{turn}")
                try:
                    status = ask(http)
                except httpx.TransportError:  # counts as status 0
                    status = 0
                with self.lock:
                    self.statuses[kind, status] += 1

    def _choice(
        self, rng: np.random.Generator, key: str
    ) -> tuple[str, Callable[[httpx.Client], int]]:
        """Return a kind of request, and what asks it and returns the status."""
        words = " ".join(rng.choice(_WORDS, 3))
        with self.lock:
            some = next(iter(self.stored), None)
            is_full = len(self.stored) >= self.most
        lot = rng.integers(10)
        if some is None or (lot < 3 and not is_full):
            return "store", lambda http: self._store(http, key, words, _picture(rng))
        if lot < 3:
            return "remove", lambda http: self._remove(http, some)
        with self.lock:  # none that goes next
            record = f"{_PATH}/records/{[some, *self.stored][-1]}"
        body = {"query": [{"text": words}], "filter": {"n": {"lt": 50}}, "facets": ["n:numbers:5"]}
        new = {"metadata": {"n": int(rng.integers(100))}}
        batch = {"searches": [{"query": f"{words} {n}"} for n in range(8)]}
        asks: list[tuple[str, Callable[[httpx.Client], httpx.Response]]] = [
            ("words", lambda http: http.get(f"{_PATH}/search", params={"q": words})),
            ("filter", lambda http: http.post(f"{_PATH}/search", json=body)),
            ("batch", lambda http: http.post(f"{_PATH}/search/batch", json=batch)),
            ("picture", lambda http: http.post(
                f"{_PATH}/search", files={"image": _picture(rng)}, data={"search": "{}"})),
            ("lookup", lambda http: http.post(f"{_PATH}/lookup", files={"image": _picture(rng)})),
            ("thumbnail", lambda http: http.get(f"{record}/thumbnail", params={"size": 64})),
            ("change", lambda http: http.patch(record, json=new)),
        ]  # fmt: skip
        kind, ask = asks[lot - 3]
        return kind, lambda http: ask(http).status_code

    def _store(self, http: httpx.Client, key: str, words: str, picture: bytes) -> int:
        one = {"id": key, "images": [{"file": "a"}], "texts": {"t": words}, "metadata": {"n": 7}}
        form = {"records": json.dumps({"records": [one]})}
        status = http.post(f"{_PATH}/records", files={"a": picture}, data=form).status_code
        with self.lock:
            self.stored.add(key)
        return status

    def _remove(self, http: httpx.Client, key: str) -> int:
        with self.lock:
            self.stored.discard(key)
        return http.delete(f"{_PATH}/records/{key}").status_code


def _picture(rng: np.random.Generator) -> bytes:
    """Return a photo-sized JPEG of coarse noise."""
    coarse = rng.integers(0, 256, (12, 16, 3), np.uint8)
    with io.BytesIO() as file:
        Image.fromarray(coarse).resize((640, 480)).save(file, "jpeg")
        return file.getvalue()


def _tree(process: int) -> Iterator[Path]:
    """Yield the folders in /proc of a process and those it has begun."""
    folder = Path(f"/proc/{process}")
    yield folder
    for children in folder.glob("task/*/children"):
        for child in children.read_text().split():
            yield from _tree(int(child))


def _usage(process: int) -> tuple[float, int]:
    """Return the memory of its own (MiB) that a process and its children have, and open files.

    Pages of programs are not counted: they become its own as soon as other processes that have
    them, too, end.
    """
    mib, files = 0.0, 0
    for folder in _tree(process):
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()
            files += len(list((folder / "fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError):  # a decoder has just ended
            continue
        private = [line for line in lines if line.startswith("Private_Dirty")]
        mib += sum(int(line.split()[1]) for line in private) / 1024
    return mib, files


def _without_access(log: Path) -> str:
    """Return what a service wrote, but for its line for every request."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(line for line in lines if "binocle.access" not in line)


@contextmanager
def _asking(soak: Soak, clients: int) -> Iterator[None]:
    threads = [threading.Thread(target=soak.client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        soak.is_over.set()
        for thread in threads:
            thread.join()


def main() -> None:
    """Run the clients and print how memory went."""
    parser = argparse.ArgumentParser(prog="scripts/bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--records", type=int, default=500, help="most at once")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds of a client between two")
    options = parser.parse_args()
    seen: list[tuple[float, int]] = []
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), encode_batch=32, log=Path(home, "log")) as (url, process),
    ):
        httpx.put(f"{url}{_PATH}", timeout=60).raise_for_status()
        soak = Soak(url, options.records, options.pause)
        begun = time.monotonic()
        with _asking(soak, options.clients):
            while time.monotonic() - begun < 60 * options.minutes:
                time.sleep(min(10.0, 6 * options.minutes))
                seen.append(_usage(process))
                mib, files = seen[-1]
                print(
                    f"{time.monotonic() - begun:6.0f} s {mib:6.0f} MiB {files:4} files", flush=True
                )
        if any(status == httpx.codes.INTERNAL_SERVER_ERROR for _, status in soak.statuses):
            print(_without_access(Path(home, "log")))
    for (kind, status), count in sorted(soak.statuses.items()):
        print(f"{kind:10} {status} {count:8,}")
    settled = seen[int(_WARM_SHARE * len(seen)) :]
    half = len(settled) // 2
    for place, what in enumerate(("MiB", "files")):
        early = statistics.median(one[place] for one in settled[:half])
        late = statistics.median(one[place] for one in settled[half:])
        print(f"median {what}, once warm: first half {early:,.0f}, second half {late:,.0f}")


if __name__ == "__main__":
    main()
