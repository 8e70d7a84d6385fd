"""The paths of the service's resources."""

from collections.abc import Iterable
from urllib.parse import quote

from binocle_client.errors import ClientError


def path_of(name: str, *more: str) -> str:
    """Return the path of a collection, or of something in it."""
    return "/v1/collections/" + "/".join(map(segment, (name, *more)))


def segment(text: str) -> str:
    """Return an id as one segment; ``..`` would be taken for the folder above.

    Raises:
        ClientError: It is no Unicode.
    """
    try:
        return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")
    except UnicodeEncodeError as error:
        raise ClientError(0, "invalid", f"{text!a} cannot be a name ({error})") from error


def several(names: str | Iterable[str]) -> list[str]:
    """Return names as a list; a single text is one name, not its letters."""
    return [names] if isinstance(names, str) else list(names)
