"""The texts and JSON files beside the pictures of an archive, by the stem of their names."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from binocle.errors import NotAPictureError
from binocle.metadata.record_limits import problem_of_metadata, problem_of_text
from binocle.types import MetadataValue, Skip
from indexer.sources.base import printable
from indexer.sources.cell_values import metadata_of

_TEXT_SUFFIXES = (".txt", ".caption")
_MAX_SIDECAR_BYTES = 1024 * 1024
_MAX_ALL_BYTES = 256 * 1024 * 1024  # all are held while the pictures pass by: a million captions
_TOO_MANY = "(sidecars)"  # the key of those that are left out


@dataclass(slots=True)
class _Beside:
    texts: list[str] = field(default_factory=list)
    metadata: dict[str, MetadataValue] = field(default_factory=dict)


class Sidecars:
    """What an archive says beside its pictures. A sidecar that is damaged costs only itself."""

    def __init__(self) -> None:
        self._beside: dict[str, _Beside] = {}
        self._problems: dict[str, Skip] = {}
        self._left_bytes = _MAX_ALL_BYTES

    def add(self, name: str, size_bytes: int, read: Callable[[], bytes]) -> None:
        """Read a sidecar.

        Args:
            name: Of the member.
            size_bytes: Its length.
            read: Returns its content; may raise OSError.
        """
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            reason = (
                f"the texts and JSON files together have more bytes than the limit of "
                f"{_MAX_ALL_BYTES:,}; those from {printable(name)} on were not read; split the "
                "archive"
            )
            self._problems.setdefault(_TOO_MANY, Skip("too-large", reason))
            return
        try:
            text = read().decode("utf-8-sig", "replace")
            problem = self._take(name, text)
        except OSError as error:
            problem = Skip("unreadable", f"the file cannot be read ({error.strerror or error})")
        if problem is not None:
            self._problems[printable(name)] = problem

    def of(self, name: str) -> tuple[list[str], dict[str, MetadataValue]]:
        """Return the texts and the metadata beside a picture."""
        beside = self._beside.get(stem_of(name), _Beside())
        caption = beside.metadata.get("caption")
        if not beside.texts and isinstance(caption, str):
            return [caption], beside.metadata
        return beside.texts, beside.metadata

    def problems(self, used: set[str]) -> dict[str, Skip]:
        """Return what could not be used, by key.

        Args:
            used: Stems of the pictures there are.
        """
        alone = Skip(NotAPictureError.code, "a text without a picture of its name")
        others = {printable(f"{stem}.txt"): alone for stem in self._beside.keys() - used}
        return others | self._problems

    def _take(self, name: str, text: str) -> Skip | None:
        """Keep what a sidecar says; return why it cannot be used."""
        beside = self._beside.setdefault(stem_of(name), _Beside())
        if not name.lower().endswith(".json"):
            problem = problem_of_text(text, "the text")
            if text.strip() and problem is None:
                beside.texts.append(text.strip())
            return problem
        try:
            document = json.loads(text)
            metadata = metadata_of(document) if isinstance(document, dict) else None
        except (ValueError, RecursionError) as error:
            return Skip("unreadable", f"it is no JSON ({error})")
        if metadata is None:
            return Skip("unreadable", "it is no JSON object, so it names no fields")
        problem = problem_of_metadata(metadata)
        if problem is None:
            beside.metadata.update(metadata)
        return problem


def is_sidecar(name: str, size_bytes: int) -> bool:
    """Tell whether a member is a text or JSON that may be read beside a picture."""
    return name.lower().endswith((*_TEXT_SUFFIXES, ".json")) and size_bytes <= _MAX_SIDECAR_BYTES


def stem_of(name: str) -> str:
    """Return what members of one sample share: the path up to the first dot of the file name."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.split(".", 1)[0]
