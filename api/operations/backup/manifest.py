"""What a backup holds, by content: the file that is written last and makes it whole.

Every file of a backup is named by its SHA-256, so that a content is kept once, whatever has it, and
a backup that is repeated copies only what is new. The manifest says which content goes where. It is
replaced at once when everything it names is there: an interrupted backup has none, or the one
before.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from api.operations.backup.home_rows import HomeRows
from binocle.errors import StorageError

MANIFEST, FILES = "manifest.json", "files"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a collection, or of the home.

    Attributes:
        path: Where it goes, relative, with slashes.
        size_bytes: Its length.
        sha256: Of its bytes, hex; its name in the backup.
    """

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A collection in a backup.

    Attributes:
        made_at: When its catalogue was copied, ISO 8601, UTC.
        change: The number of the catalogue's newest change.
        records: How many records it has.
        files: The catalogue, the uploads it names, saved indices where they were asked for.
        missing: Uploads that the catalogue names and that were gone or damaged already.
    """

    made_at: str
    change: int
    records: int
    files: tuple[StoredFile, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a backup holds.

    Attributes:
        collections: By name.
        keys: The service's API keys, which are hashes; None where they were not asked for.
        home: What the home had beside them.
    """

    collections: Mapping[str, BackedUp] = field(default_factory=dict)
    keys: StoredFile | None = None
    home: HomeRows = field(default_factory=HomeRows)

    def files(self) -> Iterator[StoredFile]:
        """Return all files."""
        for one in self.collections.values():
            yield from one.files
        if self.keys is not None:
            yield self.keys

    def to_bytes(self) -> bytes:
        """Return the manifest as it is written."""
        document = {
            "format": _FORMAT,
            "collections": {
                name: {**asdict(one), "files": [_row(file) for file in one.files]}
                for name, one in self.collections.items()
            },
            "keys": None if self.keys is None else _row(self.keys),
            "home": asdict(self.home),
        }
        text = json.dumps(document, ensure_ascii=False)
        return json.dumps({"backup": text, "sha256": _digest(text)}).encode()

    @classmethod
    def of_bytes(cls, data: bytes, where: object) -> "Manifest":
        """Read a manifest.

        Args:
            data: As from ``to_bytes``.
            where: Whose it is, for a message.

        Raises:
            StorageError: It is damaged, or of a newer Binocle.
        """
        try:
            outer = json.loads(data)
            text = outer["backup"]
            if _digest(text) != outer["sha256"]:
                raise ValueError("its checksum does not fit")
            document = json.loads(text)
            if document["format"] > _FORMAT:
                raise StorageError(
                    f"the backup {where} has format {document['format']}, made by a newer Binocle; "
                    f"this one reads up to {_FORMAT}: upgrade it"
                )
            return cls(
                {name: _backed_up(one) for name, one in document["collections"].items()},
                None if document["keys"] is None else StoredFile(*document["keys"]),
                HomeRows(**{kind: tuple(rows) for kind, rows in document.get("home", {}).items()}),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"the manifest of the backup {where} is damaged ({error})"
            ) from error


def _row(file: StoredFile) -> tuple[str, int, str]:
    return file.path, file.size_bytes, file.sha256


def _backed_up(one: Mapping[str, Any]) -> BackedUp:
    files = tuple(StoredFile(*row) for row in one["files"])
    return BackedUp(one["made_at"], one["change"], one["records"], files, tuple(one["missing"]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
