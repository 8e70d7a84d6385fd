"""Addresses of what lies in object stores and on the web; what in one is a secret is refused."""

import re
from urllib.parse import urlsplit

from binocle.errors import UsageError

EXTRAS = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gs"),
    "az": ("adlfs", "az"),
    "http": ("aiohttp", "http"),
    "https": ("aiohttp", "http"),
}
"""By scheme: the package that reads it, and the extra of Binocle that brings that package."""

_SECRET = re.compile(r"(?<=\/\/)[^/\s@]*@|\?[^\s'\")]*")


def is_remote(text: str) -> bool:
    """Tell whether a text is an address that ``RemoteSource`` reads, and no path."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.lower() in EXTRAS


def scheme_of(address: str) -> str:
    """Return what an address begins with, as ``s3``."""
    return address.partition("://")[0]


def hint_of(path: str) -> str:
    """Return what to say of a path that is not there and looks as an address does."""
    scheme, mark, _ = path.partition(":/")
    if not mark or not scheme.isalnum():
        return ""
    known = ", ".join(f"{one}://" for one in EXTRAS)
    return f"; of addresses, those with {known} are read"


def checked_address(text: str) -> str:
    """Return an address to be indexed as it is stored: without a slash at its end.

    Raises:
        UsageError: It has a password or a signature in it, or names nothing.
    """
    shown = without_secrets(text)
    try:
        address = urlsplit(text, allow_fragments=False)
    except ValueError as error:
        raise UsageError(f"{shown} is no address ({error})") from None
    if "@" in address.netloc:
        raise UsageError(
            f"the address {shown} has a user or a password in it, which would be stored; leave it "
            "out: credentials come from the environment (AWS_ACCESS_KEY_ID, "
            "GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_NAME, ~/.netrc)"
        )
    if "?" in text:
        raise UsageError(
            f"the address {shown} has a query in it, which may be a signature and would be stored; "
            "name the folder without it, and give credentials in the environment"
        )
    if not address.netloc or any(one in (".", "..") for one in address.path.split("/")):
        raise UsageError(
            f"{shown} names nothing that can be indexed; write s3://BUCKET/FOLDER, "
            "gs://BUCKET/FOLDER, az://CONTAINER/FOLDER or https://HOST/FOLDER"
        )
    scheme, _, rest = text.partition("://")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def without_secrets(text: str) -> str:
    """Return a message or an address without users, passwords and queries of addresses in it."""
    return _SECRET.sub("", text)


def lies_below(address: str, folder: str) -> bool:
    """Tell whether an address is a folder's, or one below it."""
    return address == folder or address.startswith(f"{folder}/")
