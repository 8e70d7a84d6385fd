"""Many pictures are fetched from the web as a guest does."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from binocle.errors import UrlError
from binocle.network import polite_fetcher
from binocle.network.polite_fetcher import ForbiddenUrlError, PoliteFetcher
from binocle.network.url_fetcher import Fetcher, FetchLimits


class Web(ThreadingHTTPServer):
    """A host.

    Attributes:
        pages: What lies at a path: body and ETag.
        failing: How often a path still answers with a status, and which.
        asked: Method and path of each request.
        most_at_once: How many were answered at the same time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.pages: dict[str, tuple[bytes, str]] = {}
        self.failing: dict[str, tuple[int, int]] = {}
        self.asked: list[str] = []
        self.lock, self.now, self.most_at_once = threading.Lock(), 0, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetcher(self, **options: float) -> PoliteFetcher:
        limits = FetchLimits(ports=frozenset({self.server_address[1]}))
        fetcher = Fetcher(allow=True, limits=limits, is_allowed=lambda _: True)
        return PoliteFetcher(fetcher, **{"pause_s": 0.0, **options})


class _Page(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.asked.append(f"{self.command} {self.path}")
            self.server.now += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.now)
        try:
            self._answer()
        finally:
            with self.server.lock:
                self.server.now -= 1

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self) -> None:
        left, status = self.server.failing.get(self.path, (0, 0))
        if left > 0:
            self.server.failing[self.path] = (left - 1, status)
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        body, tag = self.server.pages.get(self.path.partition("?")[0], (b"", ""))
        self.send_response(200 if tag else 404)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def a_web() -> Iterator[Web]:
    with Web() as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield web
        finally:
            web.shutdown()
            thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    with a_web() as web:
        yield web


def test_what_robots_are_not_wanted_at_is_not_asked_for(web: Web) -> None:
    web.pages["/robots.txt"] = (b"User-agent: *\nDisallow: /private/\n", "r")
    web.pages |= {"/a.jpg": (b"a", "1"), "/private/b.jpg": (b"b", "1")}
    fetcher = web.fetcher()
    assert fetcher.read(f"{web.url}/a.jpg") == b"a"
    for ask in (fetcher.read, fetcher.version):
        with pytest.raises(ForbiddenUrlError, match="wants no robots"):
            ask(f"{web.url}/private/b.jpg")
    assert web.asked == ["GET /robots.txt", "GET /a.jpg"]


def test_what_is_no_url_is_refused(web: Web) -> None:
    with pytest.raises(UrlError, match="is no URL"):
        web.fetcher().read("http://[127.0.0.1/a.jpg")


def test_host_that_does_not_tell_what_it_allows_is_left_alone(web: Web) -> None:
    web.pages["/a.jpg"] = (b"a", "1")
    web.failing["/robots.txt"] = (9, 503)
    fetcher = web.fetcher()
    with pytest.raises(UrlError, match="503"):
        fetcher.read(f"{web.url}/a.jpg")
    assert set(web.asked) == {"GET /robots.txt"}
    asked = len(web.asked)
    with pytest.raises(UrlError, match="503"):
        fetcher.version(f"{web.url}/b.jpg")
    assert len(web.asked) == asked, "a list may have thousands of pictures there"
    with pytest.MonkeyPatch.context() as patch:
        now_s = time.monotonic()
        patch.setattr(polite_fetcher, "_now_s", lambda: now_s + 61)
        web.failing.clear()
        assert fetcher.read(f"{web.url}/a.jpg") == b"a"


def test_what_may_pass_is_asked_for_again_and_what_will_not_is_not(web: Web) -> None:
    web.pages["/a.jpg"] = (b"a", "1")
    web.failing |= {"/a.jpg": (2, 429), "/gone.jpg": (9, 410)}
    fetcher = web.fetcher()
    assert fetcher.read(f"{web.url}/a.jpg") == b"a"
    with pytest.raises(UrlError, match="410"):
        fetcher.read(f"{web.url}/gone.jpg")
    assert [web.asked.count(f"GET {one}") for one in ("/a.jpg", "/gone.jpg")] == [3, 1]


def test_few_are_asked_for_at_once_and_none_sooner_than_the_host_wants(web: Web) -> None:
    web.pages |= {f"/{n}.jpg": (b"x" * 1000, "1") for n in range(12)}
    web.pages["/robots.txt"] = (b"User-agent: *\nCrawl-delay: 1\n", "r")
    waited: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", waited.append)
        fetcher = web.fetcher()
        asks = [
            threading.Thread(target=fetcher.version, args=(f"{web.url}/{n}.jpg",))
            for n in range(12)
        ]
        for one in asks:
            one.start()
        for one in asks:
            one.join()
    assert web.most_at_once <= 4
    assert max(waited) > 9


def test_addresses_that_are_not_public_are_refused(web: Web) -> None:
    limits = FetchLimits(ports=frozenset({web.server_address[1]}))
    fetcher = PoliteFetcher(Fetcher(allow=True, limits=limits))
    with pytest.raises(UrlError, match="no public address"):
        fetcher.read(f"{web.url}/a.jpg")
    assert web.asked == []
