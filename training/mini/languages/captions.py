"""Captions of the same photos in other languages, packed beside the pictures."""

import csv
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ARCHIVE = "flickr8k-multilingual.tar.gz"
_FILE = "captions.json"
LANGUAGES = ("zh", "de", "fr", "cs")


@dataclass(frozen=True, slots=True)
class Captions:
    """Texts of one language and the picture each belongs to."""

    texts: list[str]
    pictures: list[int]


def pack(data: Path, packed: Path) -> None:
    """Write the captions of Flickr8k's train and dev photos, by language, into a folder.

    Pictures are numbered as in the packed data sets: by their first caption in English.
    """
    found: dict[str, dict[str, list[tuple[int, str]]]] = {}
    with tarfile.open(data / _ARCHIVE) as archive:
        tables = {PurePosixPath(one.name).name: archive.extractfile(one) for one in archive}
        for part in ("train", "dev"):
            stream = tables[f"captions-{part}.csv"]
            assert stream is not None
            places = _places(data / f"flickr8k-{part}.tar")
            by_language = found.setdefault(part, {})
            for row in csv.DictReader(io.StringIO(stream.read().decode("utf-8"))):
                place = places.get(PurePosixPath(row["image"]).name)
                if place is not None:
                    text = " ".join(row["caption"].split())
                    by_language.setdefault(row["lang"], []).append((place, text))
    (packed / _FILE).write_text(json.dumps(found, ensure_ascii=False), "utf-8")


def _places(archive: Path) -> dict[str, int]:
    with tarfile.open(archive) as opened:
        for member in opened:
            if PurePosixPath(member.name).name == "captions.csv":
                stream = opened.extractfile(member)
                assert stream is not None
                rows = csv.DictReader(io.StringIO(stream.read().decode("utf-8")))
                names = dict.fromkeys(PurePosixPath(row["image"]).name for row in rows)
                return {name: place for place, name in enumerate(names)}
    return {}


def load(packed: Path, part: str, pictures: int) -> dict[str, Captions]:
    """Return the captions of ``train`` or ``dev`` by language, of the first pictures only.

    Args:
        packed: Where ``pack`` wrote.
        part: ``train`` or ``dev``.
        pictures: How many pictures there are.
    """
    found = json.loads((packed / _FILE).read_text("utf-8"))[part]
    by_language = {}
    for language in LANGUAGES:
        rows = [(place, text) for place, text in found.get(language, []) if place < pictures]
        by_language[language] = Captions([text for _, text in rows], [at for at, _ in rows])
    return by_language
