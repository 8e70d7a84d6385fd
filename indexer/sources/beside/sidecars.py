"""What the texts, JSON and XMP files beside pictures say, in archives and in folders.

What a sidecar says of facts that the picture's file tells better is kept under another name.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape

from binocle.errors import NotAPictureError
from binocle.media.shot_dates import date_in_name
from binocle.media.xmp import read_xmp
from binocle.metadata.markup import without_markup
from binocle.metadata.record_limits import problem_of_metadata, problem_of_text
from binocle.types import MetadataValue, Skip
from indexer.sources.base import Candidate, TextRef, printable
from indexer.sources.beside.sidecar_names import PictureNames, is_picture
from indexer.sources.cell_values import metadata_of
from indexer.sources.encodings import decoded

_MAX_ALL_BYTES = 256 * 1024 * 1024  # all are held while the pictures pass by: a million captions
_TOO_MANY = "(sidecars)"  # the key of those that are left out
FACTS = frozenset({"width", "height", "bytes", "format", "sha256", "filename", "folder"})
_TAKEN, _PLACES = "photoTakenTime", ("geoData", "geoDataExif")
_TYPED = ("title", "description")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a picture.

    Attributes:
        texts: Its captions.
        metadata: What goes before what the picture says of itself.
        otherwise: What holds where the picture says nothing.
        title: The file name that a sidecar says its picture had.
    """

    texts: tuple[str, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    otherwise: Mapping[str, MetadataValue] = field(default_factory=dict)
    title: str = ""

    def and_(self, other: "Beside") -> "Beside":
        """Return what this and another sidecar say."""
        return Beside(
            (*self.texts, *(one for one in other.texts if one not in self.texts)),
            {**self.metadata, **other.metadata},
            {**self.otherwise, **other.otherwise},
        )

    def told(self, candidate: Candidate) -> Candidate:
        """Return a picture's candidate with what stands beside it."""
        texts = self.texts
        if not texts:  # a JSON file's
            said = (self.metadata.get(name) for name in ("caption", "description"))
            texts = tuple(without_markup(one) for one in said if isinstance(one, str))[:1]
        return replace(
            candidate,
            metadata={**candidate.metadata, **self.metadata},
            texts=tuple(TextRef("text", candidate.uri, text) for text in texts),
            otherwise={**candidate.otherwise, **self.otherwise},
        )


NOTHING = Beside()


class Sidecars:
    """Sidecars and the pictures that they are beside. A damaged one costs only itself."""

    def __init__(self, encoding: str | None = None) -> None:
        """Set up; texts without a mark are in a declared encoding."""
        self._encoding = encoding
        self._contents: dict[str, Beside] = {}
        self._pictures: dict[str, list[str]] = {}
        self._problems: dict[str, Skip] = {}
        self._left_bytes = _MAX_ALL_BYTES
        self._of: dict[str, Beside] | None = None
        self._owners: dict[str, list[str]] = {}

    def see(self, names: Iterable[str]) -> None:
        """Note which files there are; those that are pictures may have sidecars."""
        for name in names:
            if is_picture(name):
                folder, _, file_name = name.rpartition("/")
                self._pictures.setdefault(folder, []).append(file_name)

    def add(self, name: str, size_bytes: int, read: Callable[[], bytes]) -> None:
        """Read a sidecar.

        Args:
            name: Its path.
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
            content = content_of(name, read(), self._encoding)
        except OSError as error:
            content = Skip("unreadable", f"the file cannot be read ({error.strerror or error})")
        if isinstance(content, Skip):
            self._problems[printable(name)] = content
            content = NOTHING
        self._contents[name] = content

    def of(self, name: str) -> Beside:
        """Return what stands beside a picture."""
        return self._matched().get(name, NOTHING)

    def owners(self, name: str) -> list[str]:
        """Return the pictures that a sidecar is beside; none where it is none."""
        self._matched()
        return self._owners.get(name, [])

    def problems(self) -> dict[str, Skip]:
        """Return what could not be used, by key."""
        self._matched()
        return self._problems

    def _matched(self) -> dict[str, Beside]:
        if self._of is None:
            self._of = {}
            folders = {folder: PictureNames(names) for folder, names in self._pictures.items()}
            nobody = PictureNames(())
            for name, content in self._contents.items():
                folder, slash, file_name = name.rpartition("/")
                owners = folders.get(folder, nobody).owners(file_name, content.title)
                self._owners[name] = [folder + slash + owner for owner in owners]
                for key in self._owners[name]:
                    self._of[key] = self._of.get(key, NOTHING).and_(content)
                if not owners:
                    alone = Skip(NotAPictureError.code, "a text without a picture of its name")
                    self._problems.setdefault(printable(name), alone)
        return self._of


def told_by_name(file_name: str) -> dict[str, MetadataValue]:
    """Return what a picture's name says of when it was taken."""
    date = date_in_name(file_name)
    return {} if date is None else {"taken_at": date}


def content_of(name: str, data: bytes, encoding: str | None = None) -> Beside | Skip:
    """Return what a sidecar says, or why it cannot be used."""
    lower = name.lower()
    if lower.endswith(".xmp"):
        said = read_xmp(data)
        created = said.pop("created_at", None)
        if not said:
            return Skip("unreadable", "it is no XMP, or says nothing that is understood")
        return Beside((), said, {} if created is None else {"taken_at": created})
    text = decoded(data, encoding)
    if not lower.endswith(".json"):
        problem = problem_of_text(text, "the text")
        return problem or Beside((text.strip(),) if text.strip() else ())
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            return Skip("unreadable", "it is no JSON object, so it names no fields")
        document = _unescaped(document)
        told = metadata_of(document)
    except (ValueError, RecursionError) as error:
        return Skip("unreadable", f"it is no JSON ({error})")
    metadata = {f"sidecar.{key}" if key in FACTS else key: one for key, one in told.items()}
    metadata |= _place(document)
    if people := _people(document):
        metadata = {key: one for key, one in metadata.items() if key != "people.name"} | people
    problem = problem_of_metadata(metadata)
    if problem is not None:
        return problem
    title = document.get("title")
    return Beside((), metadata, _taken_at(document), title if isinstance(title, str) else "")


def _unescaped(document: Mapping[str, object]) -> Mapping[str, object]:
    """Return what people typed as they did: Google Takeout writes it as HTML has it."""
    if _TAKEN not in document:
        return document
    typed = {name: unescape(one) for name in _TYPED if isinstance(one := document.get(name), str)}
    return {**document, **typed}


def _taken_at(document: Mapping[str, object]) -> dict[str, MetadataValue]:
    """Return when Google Takeout says that a photo was taken; the camera's own clock is better."""
    taken = document.get(_TAKEN)
    stamp = taken.get("timestamp") if isinstance(taken, Mapping) else None
    try:
        moment = datetime.fromtimestamp(int(str(stamp)), UTC)
    except (ValueError, OverflowError, OSError):
        return {}
    return {"taken_at": moment.isoformat()}


def _place(document: Mapping[str, object]) -> dict[str, MetadataValue]:
    """Return where Google Takeout says that a photo was taken; 0, 0 is nowhere."""
    for name in _PLACES:
        place = document.get(name)
        if not isinstance(place, Mapping):
            continue
        latitude, longitude, altitude = (
            float(one) if isinstance(one := place.get(key), int | float) else 0.0
            for key in ("latitude", "longitude", "altitude")
        )
        if (latitude or longitude) and abs(latitude) <= 90 and abs(longitude) <= 180:
            found: dict[str, MetadataValue] = {"latitude": latitude, "longitude": longitude}
            return found | ({"altitude": altitude} if altitude else {})
    return {}


def _people(document: Mapping[str, object]) -> dict[str, MetadataValue]:
    """Return the names of people that Google Takeout lists as objects."""
    people = document.get("people")
    listed = people if isinstance(people, list) else []
    names = [one["name"] for one in listed if isinstance(one, dict) and "name" in one]
    return {"people": [*filter(None, map(str, names))]} if names else {}
