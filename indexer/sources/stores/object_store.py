"""Listing and reading over a network: errors as the system's are, tried again after pauses."""

import asyncio
import errno
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from binocle.errors import SourceError
from indexer.sources.stores.addresses import EXTRAS, without_secrets
from indexer.sources.stores.web_client import (
    MOST_S,
    client_options,
    told_by_web,
    wanted_pause_s,
)

_Answer = TypeVar("_Answer")
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.2, 30.0
_IN_VAIN = {
    errno.ETIME,
    errno.EACCES,
    errno.EINVAL,
    errno.EISDIR,
    errno.ENOENT,
    errno.ENOSYS,
    errno.EPERM,
}
_VERSIONS = (  # of the content, before those that change with what is said of it
    "ETag", "md5Hash", "Content-MD5", "etag", "generation",
    "LastModified", "last_modified", "Last-Modified", "updated", "mtime",
)  # fmt: skip
_STRANGE = "a part of its key is '.', '..' or nothing, as no file is called; rename it"
_SAID = {  # by S3's codes
    "ExpiredToken": "the credentials of the environment have expired; get new ones",
    "InvalidToken": "the credentials of the environment are not accepted; get new ones",
    "RequestTimeTooSkewed": "this machine's clock is wrong, so the store refuses; set it",
    "PermanentRedirect": "the bucket is in another region; name it in AWS_DEFAULT_REGION",
}
_NO_FILE = re.compile(r"(about|data|javascript|mailto|tel):", re.IGNORECASE)
_NUMBER = re.compile(r"^\[Errno \d+\] ")
_SHOW_CREDENTIALS = ("adlfs", "aiobotocore", "azure", "botocore", "gcsfs", "google")
"""Loggers that write requests at DEBUG as they are sent, with tokens and signatures."""
_OPTIONS: dict[str, dict[str, Any]] = {
    # retries are ours, so that they are not multiplied; a picture is one request
    "s3": {"config_kwargs": {"retries": {"total_max_attempts": 1}}, "max_concurrency": 1},
    "http": {"simple_links": False},
}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing tells of an object.

    Attributes:
        name: In the folder that was listed; of the web it may have slashes in it.
        address: Where it lies.
        is_folder: Whether there may be more below it.
        size_bytes: Its length; None where that is not told.
        version: Changes when it changes, where the store tells of one.
        problem: Why it cannot be asked for.
    """

    name: str
    address: str
    is_folder: bool
    size_bytes: int | None = None
    version: str = ""
    problem: str = ""


class ObjectStore:
    """What lies at the addresses of one scheme. Thread-safe.

    Credentials, endpoints and regions are those of the environment, as the scheme's package takes
    them; nothing of them is kept or shown.
    """

    def __init__(self, scheme: str, *, attempts: int = 4) -> None:
        """Open it; nothing is asked yet.

        Args:
            scheme: One of ``EXTRAS``.
            attempts: How often something is asked for before it fails; of S3 and the web.

        Raises:
            SourceError: The package that reads it is not installed.
        """
        package, extra = EXTRAS[scheme]
        self._is_web = extra == "http"
        self._attempts = attempts if extra in _OPTIONS else 1  # the others try again themselves
        self._scheme = scheme
        for name in _SHOW_CREDENTIALS:
            logger = logging.getLogger(name)
            logger.setLevel(max(logging.INFO, logger.getEffectiveLevel()))
        try:
            import fsspec

            options = _OPTIONS.get(extra, {})
            if self._is_web:
                options = {**options, "client_kwargs": client_options()}
            self._files = fsspec.filesystem(scheme, use_listings_cache=False, **options)
        except ImportError as error:
            raise SourceError(
                f"{scheme}:// is read by {package}, which is not installed: "
                f"pip install 'binocle[{extra}]'"
            ) from error
        if scheme == "s3":
            self._files.retries = 1

    def listed(self, address: str) -> list[StoredObject]:
        """Return what lies in a folder, in the order of names; of an object only itself.

        Raises:
            OSError: It cannot be listed; FileNotFoundError, there is nothing.
        """
        if self._is_web:
            found = self._listed_on_the_web(address)
        else:
            found = self._asked(partial(self._files.ls, address, detail=True))
        objects = (self._object(address, one) for one in found)
        return sorted((one for one in objects if one is not None), key=lambda one: one.address)

    def described(self, listed: StoredObject) -> StoredObject:
        """Return an object with its size and version, where listings do not tell them.

        Raises:
            OSError: It cannot be asked for.
        """
        if not self._is_web:
            return listed
        facts = self._asked(partial(self._files.info, listed.address))
        return replace(listed, size_bytes=facts.get("size"), version=_version_of(facts))

    def read(self, address: str) -> bytes:
        """Return an object's content.

        Raises:
            OSError: It cannot be read.
        """
        content: bytes = self._asked(partial(self._files.cat_file, address))
        return content

    def facts(self, address: str) -> tuple[int, str]:
        """Return an object's length and version.

        Raises:
            OSError: It cannot be asked for, or its length is not told.
        """
        found = self._asked(partial(self._files.info, address))
        if found.get("size") is None:
            raise OSError(errno.EIO, "the server does not tell its size")
        return int(found["size"]), _version_of(found)

    def read_range(self, address: str, start: int, stop: int) -> bytes:
        """Return a part of an object's content.

        Raises:
            OSError: It cannot be read, or its server gives no parts.
        """
        read = partial(self._files.cat_file, address, start=start, end=stop)
        content: bytes = self._asked(read)
        if len(content) > stop - start:
            raise OSError(errno.ENOTSUP, "its server gives no parts of it; download it first")
        return content

    def _listed_on_the_web(self, address: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._asked(
                partial(self._files.ls, f"{address}/", detail=True)
            )
        except FileNotFoundError:
            return [self._asked(partial(self._files.info, address))]  # it is a file
        return found

    def _object(self, folder: str, facts: Mapping[str, Any]) -> StoredObject | None:
        name = str(facts["name"])
        address = name if self._is_web else f"{self._scheme}://{name}"
        is_folder = facts["type"] == "directory"
        if address.endswith("/") and not is_folder:
            return None  # a folder's own mark, as consoles make it
        address = address.rstrip("/")
        if address == folder and not is_folder:  # asked for an object
            name = address.rpartition("/")[2]
        elif address.startswith(f"{folder}/") or (address == folder and not self._is_web):
            name = address[len(folder) + 1 :]
        else:
            return None  # elsewhere on the web
        if any(part in ("", ".", "..") for part in name.split("/")):
            return None if self._is_web else StoredObject(name, address, False, problem=_STRANGE)
        if self._is_web and (any(one in name for one in "?#") or _NO_FILE.match(name)):
            return None
        return StoredObject(name, address, is_folder, facts.get("size"), _version_of(facts))

    def _asked(self, ask: Callable[[], _Answer]) -> _Answer:
        for attempt in range(1, self._attempts + 1):
            try:
                return ask()
            except MemoryError:
                raise
            except Exception as error:
                problem = _as_system_error(told_by_web(error))
                if attempt == self._attempts or problem.errno in _IN_VAIN:
                    raise problem from None  # what libraries say may have credentials in it
                pause_s = min(_MOST_PAUSE_S, wanted_pause_s(error))
            own_s = _FIRST_PAUSE_S * 2.0 ** (attempt - 1)
            time.sleep(max(pause_s, own_s) * random.uniform(0.5 + 0.5 * bool(pause_s), 1.5))
        raise AssertionError


def _version_of(facts: Mapping[str, Any]) -> str:
    return next((str(facts[one]) for one in _VERSIONS if facts.get(one)), "")


def _as_system_error(error: BaseException) -> OSError:
    code = _code_of(error)
    if code in _SAID:
        return PermissionError(errno.EACCES, _SAID[code])
    status = getattr(error, "status", None)  # of HTTP
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return FileNotFoundError(errno.ENOENT, "there is no such object")
    denied = type(error).__name__ in ("NoCredentialsError", "ClientAuthenticationError")
    if isinstance(error, PermissionError) and "redirects to" in str(error.strerror):
        return error
    if isinstance(error, PermissionError) or denied or status in (401, 403):
        reason = "access is denied; credentials come from the environment"
        return PermissionError(errno.EACCES, reason)
    if type(error) is asyncio.TimeoutError:
        return OSError(errno.ETIME, f"it has not come within {MOST_S:.0f} s")
    number = (isinstance(error, OSError) and error.errno) or errno.EIO
    said = f"HTTP {status}" if status else _NUMBER.sub("", str(error)) or type(error).__name__
    return OSError(number, " ".join(without_secrets(said).split())[:200])


def _code_of(error: BaseException) -> str:
    """Return S3's code of an error; the package that asks is sent about for ever by some."""
    if isinstance(error, RecursionError):
        return "PermanentRedirect"
    cause: Any = error if hasattr(error, "response") else error.__cause__
    answer = getattr(cause, "response", None)
    told = answer.get("Error", {}) if isinstance(answer, dict) else {}
    return str(told.get("Code", ""))
