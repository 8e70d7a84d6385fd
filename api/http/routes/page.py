"""The page to search with: its files, read once, under an address that changes with them."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath

from fastapi import APIRouter, HTTPException, Request, Response

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import ServiceDependency

router = APIRouter(include_in_schema=False, route_class=JsonRoute)
_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8", ".json": "application/json",
    ".ts": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip
_IMPORTED = re.compile(rb"(?:from|^import) '(\.[^']+\.js)'", re.MULTILINE)
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page.

    Attributes:
        content: Its bytes.
        packed: The same, gzipped.
        media_type: What it is.
    """

    content: bytes
    packed: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class WebPage:
    """All files of the page.

    Attributes:
        version: Changes whenever one of them does; 12 hexadecimal digits.
        files: By their paths below ``api/page``.
        fronts: ``index.html``, which names the version and all modules that are needed at once, so
            that none waits for another; by whether the service needs keys.
    """

    version: str
    files: dict[str, PageFile]
    fronts: dict[bool, PageFile]


@cache
def page_files() -> WebPage:
    """Return the page as it is installed, read once."""
    contents = dict(_walk(files("api") / "page", ""))
    digest = hashlib.sha256()
    for path, content in sorted(contents.items()):
        digest.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    version = digest.hexdigest()[:12]
    front = contents.pop("index.html").replace(b"{modules}", _preloads(contents))
    front = front.replace(b"{version}", version.encode())
    return WebPage(
        version,
        {path: _packed(path, content) for path, content in contents.items()},
        {
            closed: _packed("index.html", front.replace(b"{keys}", said))
            for closed, said in ((False, b"none"), (True, b"needed"))
        },
    )


def _preloads(contents: Mapping[str, bytes]) -> bytes:
    """Return links to what the first module imports, and these modules in turn."""
    found = ["main.js"]
    for path in found:
        named = (one.decode() for one in _IMPORTED.findall(contents[path]))
        places = (normpath(join(dirname(path), one)) for one in named)
        found += [one for one in dict.fromkeys(places) if one not in found]
    link = '<link rel="modulepreload" href="/page/{version}/%s">'
    return "\n    ".join(link % path for path in found).encode()


def _packed(path: str, content: bytes) -> PageFile:
    return PageFile(content, gzip.compress(content, mtime=0), _TYPES[PurePosixPath(path).suffix])


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for one in folder.iterdir():
        if one.is_dir():
            found += _walk(one, f"{prefix}{one.name}/")
        else:
            found.append((f"{prefix}{one.name}", one.read_bytes()))
    return found


@router.api_route("/", methods=["GET", "HEAD"])
async def get_page(request: Request, service: ServiceDependency) -> Response:
    """Return the page."""
    return _answer(request, page_files().fronts[service.keys.is_closed()], "no-cache")


@router.api_route("/page/{version}/{path:path}", methods=["GET", "HEAD"])
async def get_page_file(version: str, path: str, request: Request) -> Response:
    """Return a file of the page; one of another version is not kept by the client."""
    page = page_files()
    if path not in page.files:
        raise HTTPException(404)
    return _answer(request, page.files[path], _FOREVER if version == page.version else "no-store")


def _answer(request: Request, file: PageFile, caching: str) -> Response:
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    content = file.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = file.packed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=file.media_type, headers=headers)
