"""Pictures that a table names on the web, or in an object store, and finding them again."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from binocle.errors import SourceError, UrlError
from indexer.sources.base import Candidate, ImageRef, Source, gone, printable
from indexer.sources.stores.addresses import EXTRAS, is_remote, scheme_of, without_secrets
from indexer.sources.stores.remote_file import store_of

if TYPE_CHECKING:  # httpx takes a tenth of what is imported before the first picture is read
    from binocle.network.polite_fetcher import PoliteFetcher

MARK = "web+"
"""Begins the uri of what was fetched as a stranger asks: from public addresses only."""
WEB = ("http://", "https://")
_SECRET = re.compile("(?<!de)(?<!as)sig(?!h)|token|secret|password|credential|key(?!word)")
_Rows = TypeVar("_Rows")
_GONE = (404, 410)


@cache
def fetcher() -> "PoliteFetcher":
    """Return what fetches pictures of the web, of this process."""
    from binocle.network.polite_fetcher import PoliteFetcher
    from binocle.network.url_fetcher import Fetcher

    return PoliteFetcher(Fetcher(allow=True))


def on_the_web(cell: str, role: str) -> tuple[ImageRef, str]:
    """Return the picture that a URL names, and what tells whether it changed.

    Raises:
        OSError: It cannot be asked for just now.
    """
    from binocle.network.polite_fetcher import ForbiddenUrlError
    from binocle.network.url_fetcher import UrlStatusError

    try:
        uri = f"{MARK}{printable(storable(cell))}"
        version = fetcher().version(cell)
    except ForbiddenUrlError as error:
        return ImageRef(role, uri, partial(_refuse, str(error)), is_absent=True), "forbidden"
    except UrlStatusError as error:
        if error.status in _GONE:
            return ImageRef(role, uri, partial(_refuse, str(error)), is_absent=True), "missing"
        if error.status >= 500 or error.status == 429:
            raise OSError(str(error)) from None
        version = ""  # some servers answer no HEAD
    except ValueError as error:
        raise OSError(f"it is no URL: {error}") from None
    except UrlError as error:
        raise OSError(str(error)) from None
    return ImageRef(role, uri, partial(_fetched, cell)), version


class WebPictures(Source):
    """Opens again what was fetched from the web; it is no source to be indexed by itself."""

    kind, path = "web", Path(MARK)

    def scan(self, _name: str) -> Iterator[Candidate]:
        """Yield nothing: tables say what there is."""
        return iter(())

    def count(self) -> int:
        """Return how many candidates there are: none."""
        return 0

    def open(self, uri: str) -> bytes:
        """Return a picture again; see ``Source.open``."""
        try:
            return fetcher().read(uri.removeprefix(MARK))
        except UrlError as error:
            raise gone() from error


def in_a_store(cell: str, role: str) -> tuple[ImageRef, str]:
    """Return the picture at an address of an object store, and what tells whether it changed.

    Raises:
        OSError: It cannot be asked for just now.
    """
    scheme = scheme_of(cell)
    if not is_remote(cell) or scheme not in EXTRAS:
        reason = f"{cell} is not on this machine; download it first"
        return ImageRef(role, cell, partial(_refuse, reason), is_absent=True), "remote"
    try:
        size, version = store_of(scheme).facts(cell)
    except FileNotFoundError:
        reason = f"there is no object {cell}"
        return ImageRef(role, printable(cell), partial(_refuse, reason), is_absent=True), "missing"
    except SourceError as error:
        raise OSError(str(error)) from None
    read: Callable[[], bytes] = partial(store_of(scheme).read, cell)
    return ImageRef(role, printable(cell), read, size), f"{size}:{version}"


def _fetched(url: str) -> bytes:
    try:
        return fetcher().read(url)
    except UrlError as error:
        raise OSError(str(error)) from None


def storable(cell: str) -> str:
    """Return a URL as it may be stored: without a user, and what in its query is a secret."""
    try:
        address = urlsplit(cell)
    except ValueError:
        return without_secrets(cell)
    if address.scheme.lower() not in ("http", "https"):
        return cell
    query = [
        (name, value)
        for name, value in parse_qsl(address.query, keep_blank_values=True)
        if not _SECRET.search(name.lower())
    ]
    kept = address.query if len(query) == len(parse_qsl(address.query, True)) else urlencode(query)
    host = address.netloc.rpartition("@")[2]
    return urlunsplit((address.scheme, host, address.path, kept, ""))


def by_storable_name(of_cells: Mapping[str, _Rows]) -> dict[str, _Rows]:
    """Return the same by what may be stored of cells; where that is the same, it is numbered."""
    named: dict[str, _Rows] = {}
    times: Counter[str] = Counter()
    for cell, rows in of_cells.items():
        name = storable(cell)
        times[name] += 1
        named[name if times[name] == 1 else f"{name}#{times[name]}"] = rows
    return named


def _refuse(reason: str) -> bytes:
    raise OSError(reason)
