"""Pictures that came over HTTP, kept beside the catalogue by their SHA-256."""

import os
import threading
from pathlib import Path

from binocle.errors import StorageError

SCHEME = "upload:"


def put(folder: Path, sha256: bytes, data: bytes) -> str:
    """Store a picture so that it survives a crash from now on; return its uri.

    Raises:
        StorageError: It cannot be written.
    """
    name = sha256.hex()
    path = path_of(folder, SCHEME + name)
    if not path.exists():
        temporary = path.with_name(f"{name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StorageError(f"cannot store an upload in {folder} ({error.strerror})") from error
    return SCHEME + name


def path_of(folder: Path, uri: str) -> Path:
    """Return the file of an upload's uri."""
    name = uri.removeprefix(SCHEME)
    return folder / "uploads" / name[:2] / name
