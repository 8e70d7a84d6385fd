"""The paths of the service's resources."""

from urllib.parse import quote


def path_of(name: str, *more: str) -> str:
    """Return the path of a collection, or of something in it."""
    return "/v1/collections/" + "/".join(map(segment, (name, *more)))


def segment(text: str) -> str:
    """Return an id as one segment; ``..`` would be taken for the folder above."""
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")
