"""Pictures by URL: what may be asked, checked where the connection is made."""

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from binocle.errors import UrlError
from binocle.network.checked_network import resolve
from binocle.network.public_addresses import is_public
from binocle.network.url_fetcher import Fetcher, FetchLimits

BODY = b"a picture" * 100


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers by path, and notes who was asked for."""

    hosts: list[str]

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        path = self.path.partition("?")[0]
        answer: Callable[[], None] = getattr(self, f"_{path.strip('/').partition('/')[0]}")
        try:
            answer()
        except OSError:
            pass  # the client has gone

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _picture(self) -> None:
        self._send(200, BODY)

    def _missing(self) -> None:
        self._send(404)

    def _loop(self) -> None:
        self._send(302, location="/loop")

    def _steps(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self._send(307, location=f"/steps/{left - 1}" if left > 1 else "/picture")

    def _away(self) -> None:
        self._send(301, location=f"http://inside.example:{self.server.server_port}/picture")  # type: ignore[attr-defined]

    def _file(self) -> None:
        self._send(302, location="file:///etc/passwd")

    def _nowhere(self) -> None:
        self._send(302)

    def _packed(self) -> None:
        self._send(200, BODY, content_encoding="gzip")

    def _announced(self) -> None:
        self._send(200, content_length=str(10**9))

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(10_000):
            self.wfile.write(b"x" * 1000)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    _Answers.hosts = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


NAMES = {"shop.example": ["127.0.0.1"], "inside.example": ["10.0.0.7"]}


def fetcher(port: int, **limits: Any) -> Fetcher:
    """Return one for which 127.0.0.1 is the public internet."""
    limits = {"timeout_s": 5.0, "ports": frozenset({port}), **limits}

    def find(host: str, _port: int) -> list[str]:
        return NAMES.get(host) or resolve(host, _port)

    return Fetcher(
        allow=True,
        limits=FetchLimits(**limits),
        is_allowed=lambda address: address == "127.0.0.1",
        resolve=find,
    )


def test_picture_is_fetched_under_the_name_it_was_asked_by(port: int) -> None:
    assert fetcher(port).fetch(f"http://shop.example:{port}/picture?a=1") == BODY
    assert _Answers.hosts == [f"shop.example:{port}"]


def test_nothing_is_fetched_unless_the_operator_allows_it(port: int) -> None:
    with pytest.raises(UrlError, match="not allowed"):
        Fetcher(allow=False, is_allowed=lambda _: True).fetch(f"http://127.0.0.1:{port}/picture")
    assert not _Answers.hosts


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "status 404"),
        ("loop", "more than 5 times"),
        ("steps/6", "more than 5 times"),
        ("away", "no public address"),
        ("file", "no http or https"),
        ("nowhere", "to nowhere"),
        ("packed", "compressed"),
        ("announced", "more than the limit"),
        ("endless", "more than the limit"),
    ],
)
def test_answer_that_is_not_the_picture_is_refused(port: int, path: str, message: str) -> None:
    with pytest.raises(UrlError, match=message):
        fetcher(port, max_bytes=100_000).fetch(f"http://shop.example:{port}/{path}")


def test_redirects_are_followed_up_to_the_limit(port: int) -> None:
    assert fetcher(port).fetch(f"http://shop.example:{port}/steps/5") == BODY


def test_server_that_sends_slowly_is_given_up_at_the_deadline(port: int) -> None:
    began = time.monotonic()
    with pytest.raises(UrlError, match="too long"):
        fetcher(port, timeout_s=0.4).fetch(f"http://shop.example:{port}/drip")
    assert time.monotonic() - began < 2


def test_name_that_changes_its_address_is_not_resolved_again(port: int) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    limits = FetchLimits(ports=frozenset({port}))
    one = Fetcher(
        allow=True, limits=limits, is_allowed=lambda one: one == "127.0.0.1", resolve=rebinding
    )
    assert one.fetch(f"http://rebind.example:{port}/picture") == BODY
    assert asked == ["rebind.example"]


def test_host_with_one_private_address_among_public_ones_is_refused(port: int) -> None:
    both = Fetcher(allow=True, resolve=lambda _host, _port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(UrlError, match="no public address"):
        both.fetch("http://two.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://10.1.2.3/",
        "http://192.168.1.1/",
        "http://①②⑦.0.0.1/",
        "http://127。0。0。1/",
    ],
)
def test_ways_to_write_an_inner_address_are_refused_before_connecting(url: str) -> None:
    with pytest.raises(UrlError, match=r"no public address|is not known|is no URL"):
        Fetcher(allow=True, limits=FetchLimits(timeout_s=3)).fetch(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.com/a.jpg", "no http or https"),
        ("file:///etc/passwd", "no http or https"),
        ("gopher://example.com/", "no http or https"),
        ("//example.com/", "no http or https"),
        ("example.com/a.jpg", "no http or https"),
        ("http:///a.jpg", "no http or https"),
        ("http://example.com:22/", "the port 22"),
        ("https://example.com:8080/", "the port 8080"),
        ("http://user:secret@example.com/", "user name"),
        ("http://user@example.com/", "user name"),
        ("http://[::1", "no URL"),
        ("http://example.com/" + "a" * 3000, "longer than"),
        ("http://exa\x00mple.com/", "no URL"),
    ],
)
def test_url_that_may_not_be_asked_is_refused(url: str, message: str) -> None:
    with pytest.raises(UrlError, match=message) as caught:
        Fetcher(allow=True).fetch(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.3", "169.254.169.254",
        "172.16.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::a00:1", "64:ff9b:1::a00:1", "100::1", "2001:db8::1", "2001:0:4136:e378::1",
        "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
        "ff02::1", "2606:4700::1111%1", "nonsense", "",
    ],
)  # fmt: skip
def test_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.215.14", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450::1"],
)
def test_public_address_is_known(address: str) -> None:
    assert is_public(address)


def test_closed_port_is_an_error_of_the_url(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = taken.getsockname()[1]
        with pytest.raises(UrlError, match="cannot fetch"):
            fetcher(closed).fetch(f"http://shop.example:{closed}/picture")
