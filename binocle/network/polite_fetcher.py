"""Fetching many pictures from the web as a guest: few at once of a host, none that it forbids."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

from binocle.errors import UrlError
from binocle.network.checked_network import shown
from binocle.network.url_fetcher import Fetcher, UrlStatusError

_Answer = TypeVar("_Answer")
AGENT = "Binocle"
_AT_ONCE, _PAUSE_S = 4, 0.05  # of one host, and between the beginnings of two requests
_MOST_PAUSE_S = 30.0
_ATTEMPTS, _FIRST_PAUSE_S = 4, 0.5
_AWAY_S = 60.0  # for so long a host that did not tell its rules is not asked again
_MAX_ROBOTS_CHARACTERS = 500 * 1024  # so much has to be heeded: RFC 9309, 2.5


class ForbiddenUrlError(UrlError):
    """A host's ``robots.txt`` forbids what was asked for."""


@dataclass(slots=True)
class _Host:
    """What is known of a host."""

    room: AbstractContextManager[bool] = field(
        default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE)
    )
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_s: float = 0.0
    rules: RobotFileParser | None = None
    problem: str = ""  # why there are none
    asks_from_s: float = 0.0


class PoliteFetcher:
    """Fetches pictures of lists that somebody else has made. Thread-safe."""

    def __init__(self, fetcher: Fetcher, *, pause_s: float = _PAUSE_S) -> None:
        """Set up.

        Args:
            fetcher: Fetches one; it connects to public addresses only.
            pause_s: Between two requests to a host, where that does not want more.
        """
        self._fetcher, self._pause_s = fetcher, pause_s
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def read(self, url: str) -> bytes:
        """Return what lies at a URL.

        Raises:
            ForbiddenUrlError: Its host wants no robots there.
            UrlError: It cannot be fetched; see ``Fetcher.fetch``.
        """
        return self._asked(url, self._fetcher.fetch)

    def version(self, url: str) -> str:
        """Return what changes when the picture does: ETag, time of change, or length.

        Raises:
            UrlError: See ``read``.
        """
        facts = self._asked(url, self._fetcher.facts)
        names = ("etag", "last-modified", "content-length")
        return next((f"{name}:{facts[name]}" for name in names if facts.get(name)), "")

    def _asked(self, url: str, ask: Callable[[str], _Answer]) -> _Answer:
        try:
            address = urlsplit(url)
        except ValueError as error:
            raise UrlError(f"{shown(url)} is no URL ({error})") from None
        with self._lock:
            host = self._hosts.setdefault(f"{address.scheme}://{address.netloc}", _Host())
        with host.lock:
            rules = host.rules or self._learnt(host, address)
        if not rules.can_fetch(AGENT, url):
            raise ForbiddenUrlError(f"{address.netloc} wants no robots at {address.path}")
        return self._tried(host, url, ask)

    def _learnt(self, host: _Host, address: SplitResult) -> RobotFileParser:
        """Ask a host for its rules; who cannot be asked is not waited for again for a minute.

        Raises:
            UrlError: See ``_rules``.
        """
        if host.problem and _now_s() < host.asks_from_s:
            raise UrlError(host.problem)
        place = urlunsplit((address.scheme, address.netloc, "/robots.txt", "", ""))
        try:
            host.rules = self._rules(host, place)
        except UrlError as error:
            host.problem, host.asks_from_s = str(error), _now_s() + _AWAY_S
            raise
        return host.rules

    def _rules(self, host: _Host, place: str) -> RobotFileParser:
        """Read what a host allows: everything where it has no such file, RFC 9309, 2.3.1.3.

        Raises:
            UrlError: It cannot be asked, so that nothing is known to be allowed.
        """
        rules = RobotFileParser()
        try:
            text = self._tried(host, place, self._fetcher.fetch).decode("utf-8", "replace")
        except UrlStatusError as error:
            if error.status >= 500 or error.status == 429:
                raise
            text = ""
        rules.parse(text[:_MAX_ROBOTS_CHARACTERS].splitlines())
        return rules

    def _tried(self, host: _Host, url: str, ask: Callable[[str], _Answer]) -> _Answer:
        """Ask, and once more after a pause where it may be that that helps."""
        for attempt in range(1, _ATTEMPTS + 1):
            with host.room:
                self._wait(host)
                try:
                    return ask(url)
                except UrlStatusError as error:
                    if attempt == _ATTEMPTS or (error.status < 500 and error.status != 429):
                        raise
                    pause_s = error.pause_s
            if pause_s is None:
                pause_s = _FIRST_PAUSE_S * 2.0 ** (attempt - 1)
            time.sleep(min(_MOST_PAUSE_S, pause_s) * random.uniform(1.0, 1.5))
        raise AssertionError

    def _wait(self, host: _Host) -> None:
        delay = host.rules.crawl_delay(AGENT) if host.rules is not None else None
        pause_s = min(_MOST_PAUSE_S, max(self._pause_s, float(delay or 0)))
        with self._lock:
            now = _now_s()
            begins_s = max(now, host.next_s)
            host.next_s = begins_s + pause_s
        time.sleep(begins_s - now)


def _now_s() -> float:
    return time.monotonic()
