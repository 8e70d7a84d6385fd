"""Pictures, as bytes or by their paths, and as the service takes them."""

import base64
from json import dumps
from pathlib import Path

from binocle_client.errors import ClientError
from binocle_client.requests import ImageBody

PictureFile = bytes | str | Path  # the file's bytes, or its path


def picture(data: PictureFile, *, role: str = "image") -> ImageBody:
    """Return a picture, or the one at a path, as a record takes it; raises as ``encoded``."""
    return {"data": encoded(data), "role": role}


def encoded(data: PictureFile) -> str:
    """Return a picture, or the one at a path, as terms, labels and matches take it: in base64.

    Raises:
        ClientError: ``unreadable``, there is no file at the path, or it cannot be read.
    """
    return base64.b64encode(bytes_of(data)).decode()


def picture_line(data: PictureFile) -> str:
    """Return a picture, or the one at a path, as a line of many to be looked up."""
    return dumps({"image": encoded(data)})


def bytes_of(data: PictureFile) -> bytes:
    """Return a picture's file; raises as ``encoded``."""
    if not isinstance(data, str | Path):
        return data
    try:
        return Path(data).expanduser().read_bytes()
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        reason = getattr(error, "strerror", None) or error
        detail = f"cannot read the picture {str(data)[:200]!r} ({reason})"
        raise ClientError(0, "unreadable", detail) from error
