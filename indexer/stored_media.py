"""The pictures of records as they came, wherever they lie."""

from pathlib import Path

from binocle.collection.collection import Collection
from binocle.errors import NotFoundError
from indexer import uploads
from indexer.sources.archive import read_member


def read_original(collection: Collection, uri: str) -> bytes:
    """Return the encoded picture of a part.

    Raises:
        NotFoundError: Its file is not there any more.
    """
    try:
        if uri.startswith(uploads.SCHEME):
            return uploads.path_of(collection.path, uri).read_bytes()
        path = Path(uri)
        return path.read_bytes() if path.exists() else read_member(uri)
    except OSError as error:
        raise NotFoundError("the picture's file is not there any more") from error
