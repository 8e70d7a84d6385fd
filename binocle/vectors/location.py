"""Where a collection has its vectors for searching: in FAISS's files, or in an engine.

The latter is named by a small file of its folder, which has no password.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from binocle.errors import StorageError, UsageError
from binocle.files import replacing
from binocle.types import Int64Array, Space
from binocle.vectors.base import VectorStore
from binocle.vectors.engines.base import VectorEngine
from binocle.vectors.engines.engine_store import EngineStore
from binocle.vectors.faiss_store import FaissStore

ENGINE_FILE = "vectors.engine"
_FORMAT = 1
_ENGINES = {
    "milvus": ("binocle.vectors.engines.milvus.opening", "milvus"),
    "milvus+tls": ("binocle.vectors.engines.milvus.opening", "milvus"),
    "postgresql+psycopg": ("binocle.vectors.engines.pgvector.opening", "postgresql"),
}
"""By the scheme of an address: the module of an engine, and the extra that it needs."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class EngineModule(Protocol):
    """What the module of an engine has.

    Attributes:
        open_engine: Returns the vectors of a kind: of an address, a collection's name in the
            engine, a kind and a space. Nothing is asked yet.
        checked_address: Returns an address as it may be stored; raises UsageError where it has a
            password or cannot be understood.
        prepare: Raises StorageError where an address and a name cannot be used.
        discard: Removes all that a collection has there: of an address and a name.
    """

    open_engine: Callable[[str, str, str, Space], VectorEngine]
    checked_address: Callable[[str], str]
    prepare: Callable[[str, str], None]
    discard: Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class EngineLocation:
    """An engine, and what a collection is called in it."""

    address: str
    name: str


def is_in_engine(folder: Path) -> bool:
    """Tell whether a collection has its vectors for searching in an engine."""
    return (folder / ENGINE_FILE).is_file()


def open_store(place: Path, space: Space, *, anew: bool = False) -> VectorStore:
    """Open the vectors of one kind wherever a collection has them; see ``OpenStore``.

    Raises:
        StorageError: What was persisted is damaged, or of another space.
        UnreachableError: The engine cannot be reached.
    """
    if not is_in_engine(place.parent):
        return FaissStore(place, space, anew=anew)
    return EngineStore(_engine_of(place, space), space, anew=anew)


def held_ids(place: Path, space: Space) -> Int64Array:
    """Return all ids that a kind's saved vectors have, those of removed parts among them.

    Raises:
        StorageError: What was persisted is damaged, or of another space.
        UnreachableError: The engine cannot be reached.
    """
    if is_in_engine(place.parent):
        return _engine_of(place, space).held()
    store = FaissStore(place, space)
    mark = store.watermark()
    return store.at(mark.change).ids() if mark is not None else np.empty(0, np.int64)


def _engine_of(place: Path, space: Space) -> VectorEngine:
    location = read_location(place.parent)
    module = engine_module(location.address)
    return module.open_engine(location.address, location.name, place.name, space)


def place_in_engine(folder: Path, address: str) -> None:
    """Have a new collection keep its vectors for searching in an engine.

    Where another process does so at the same time, the one whose file is there first is heeded.

    Raises:
        UsageError: The address cannot be used.
        StorageError: The engine refuses, or the file cannot be written.
    """
    module = engine_module(address)
    checked = module.checked_address(address)
    plain = re.sub(r"[^a-z0-9]+", "_", folder.name.lower())[:32]
    name = f"binocle_{plain}_{secrets.token_hex(4)}"
    module.prepare(checked, name)
    path = folder / ENGINE_FILE
    document = {"format": _FORMAT, "address": checked, "name": name}
    try:
        with replacing(path, keep=True) as file:
            file.write(json.dumps(document, indent=2).encode() + b"\n")
    except OSError as error:
        raise StorageError(f"cannot write {path} ({error.strerror})") from error


def discard_vectors(folder: Path) -> None:
    """Remove what a collection has in an engine, where it has anything there.

    Raises:
        StorageError: It cannot be reached, or the file that names it not be read.
    """
    if is_in_engine(folder):
        location = read_location(folder)
        engine_module(location.address).discard(location.address, location.name)


def read_location(folder: Path) -> EngineLocation:
    """Return which engine the file of a folder names.

    Raises:
        StorageError: It cannot be read, or was made by a newer Binocle.
    """
    path = folder / ENGINE_FILE
    try:
        found = json.loads(path.read_bytes())
        if found["format"] > _FORMAT:
            raise StorageError(f"{path} was made by a newer Binocle: upgrade this one")
        address, name = str(found["address"]), str(found["name"])
        address = engine_module(address).checked_address(address)
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise StorageError(
            f"{path}, which names where the vectors are, cannot be read ({error}); remove it, and "
            "they are kept in the folder, made anew from the catalogue"
        ) from error
    if not _NAME.fullmatch(name):
        raise StorageError(f"{path} names the vectors {name!r}, which cannot be Binocle's")
    return EngineLocation(address, name)


def engine_module(address: str) -> EngineModule:
    """Return what opens the engine of an address.

    Raises:
        UsageError: No engine has such addresses.
        StorageError: A package that it needs is not installed.
    """
    scheme = address.partition("://")[0]
    if scheme not in _ENGINES:
        known = ", ".join(f"{one}://…" for one in _ENGINES)
        raise UsageError(f"the address of the vectors is not understood; it is one of {known}")
    name, extra = _ENGINES[scheme]
    try:
        return cast("EngineModule", import_module(name))
    except ImportError as error:
        raise StorageError(
            f"vectors at {scheme}://… need another package ({error}): pip install "
            f"'binocle[{extra}]'"
        ) from error
