"""Lists of PDQ hashes as they are shared, and what of them a picture's hash is near to.

A match of hashes claims less than a copy: nobody has seen the other picture. Products on one
drawing have near hashes, too, and where the picture lies in the other is not known. So it has a
verdict of its own, ``hash-match``, and never a confidence above ``_SURE``.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from binocle.errors import QueryError
from binocle.fingerprints.pdq import LEAST_QUALITY, MATCHING_BITS, PdqHash
from binocle.vectors.fingerprints.hash_scan import HashScan
from search.copies.verdicts import Judgement

MAX_HASHES = 5_000_000
_HASH = re.compile(r"(?:pdq[:=])?([0-9a-f]{64})", re.IGNORECASE)
_QUALITY = re.compile(r"[0-9]{1,2}|100")
_HASH_COLUMNS = ("hash", "pdq", "pdq_hash", "pdqhash", "signal", "value")
_LABEL_COLUMNS = ("label", "id", "name", "description", "filename", "uri")
_MOST_LABEL = 1000
_LONGEST_LINE = 10_000
_SURE, _UNSURE = 0.9, 0.5  # of a hash that is the same, and of one that is as far as matches are


@dataclass(frozen=True, slots=True)
class ListedMatch:
    """A hash of a list that a picture's is near to.

    Attributes:
        list_name: Of the list.
        label: What the list says of it; empty where it says nothing.
        hash: As the list has it, 64 digits.
        distance: Differing bits of 256, in the nearest turned or mirrored form.
        judgement: ``hash-match``, without regions.
    """

    list_name: str
    label: str
    hash: str
    distance: int
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class HashList:
    """A list of hashes.

    Attributes:
        name: What it is called.
        hashes: 64 digits each.
        labels: What is said of each; empty where nothing is.
        plain: How many more it has that are left out, being of plain pictures.
        faults: What was wrong with how many of its lines, the first by its number.
    """

    name: str
    hashes: tuple[str, ...]
    labels: tuple[str, ...]
    plain: int = 0
    faults: str = ""
    _scan: HashScan = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay the hashes out for scanning."""
        bits = np.frombuffer(bytes.fromhex("".join(self.hashes)), np.uint8).reshape(-1, 32)
        object.__setattr__(self, "_scan", HashScan(bits))

    def near(self, own: PdqHash, most: int) -> list[ListedMatch]:
        """Return what is near a picture's hash, nearest first; nothing where that is too plain."""
        if own.quality < LEAST_QUALITY:
            return []
        return [
            ListedMatch(
                self.name, self.labels[one.place], self.hashes[one.place], one.bits,
                Judgement("hash-match", confidence_of(one.bits)),
            )
            for one in self._scan.near(own.forms, MATCHING_BITS, most)
        ]  # fmt: skip


def confidence_of(bits: int) -> float:
    """Return how sure it is that two hashes are of one picture, of those that match."""
    return round(_SURE - (_SURE - _UNSURE) * min(bits, MATCHING_BITS) / MATCHING_BITS, 4)


def nearest_listed(lists: Iterable[HashList], own: PdqHash, most: int) -> tuple[ListedMatch, ...]:
    """Return what of several lists is near a picture's hash, nearest first."""
    found = [match for one in lists for match in one.near(own, most)]
    return tuple(sorted(found, key=lambda one: one.distance)[:most])


def read_hash_list(name: str, lines: Iterable[str | None]) -> HashList:
    """Read a list: a hash a line, with its quality and a label behind it, or CSV with a heading.

    Empty lines and those that begin with # are passed over. The heading of a CSV names a column
    ``hash`` (or ``pdq``), and if it likes ``quality`` and ``label`` (or ``id``). A line that is no
    hash costs itself.

    Args:
        name: What it is to be called.
        lines: Of the file; None for one that is too long.

    Raises:
        QueryError: It has no hash, or too many.
    """
    columns: _Columns | None = None
    known: dict[str, str] = {}
    plain, wrong, first_wrong = 0, 0, 0
    for number, line in enumerate(lines, 1):
        text = "?" if line is None else line.strip()
        if not text or text.startswith("#"):
            continue
        cells = _cells(text)
        if columns is None:
            columns = _columns_of(cells)
            if columns.is_heading:
                continue
        found = _HASH.fullmatch(columns.hash_of(cells))
        if found is None:
            wrong, first_wrong = wrong + 1, first_wrong or number
        elif columns.quality_of(cells) < LEAST_QUALITY:
            plain += 1
        else:
            known.setdefault(found[1].lower(), columns.label_of(cells)[:_MOST_LABEL])
        if len(known) > MAX_HASHES:
            raise QueryError(f"the hash list {name} has more than {MAX_HASHES:,} hashes; split it")
    if not known:
        what = "only hashes of plain pictures" if plain else "no PDQ hash (64 digits a line)"
        raise QueryError(f"the hash list {name} has {what}")
    lines_are = "line is" if wrong == 1 else "lines are"
    faults = f"{wrong:,} {lines_are} no hash, the first line {first_wrong:,}" if wrong else ""
    return HashList(name, tuple(known), tuple(known.values()), plain, faults)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a line has what; without a heading hash, quality and label are told by their looks."""

    hash: int = 0
    quality: int | None = None
    label: int | None = None
    is_heading: bool = False

    def hash_of(self, cells: Sequence[str]) -> str:
        return _cell(cells, self.hash)

    def quality_of(self, cells: Sequence[str]) -> int:
        said = _cell(cells, self.quality if self.is_heading else 1)
        return int(said) if _QUALITY.fullmatch(said) else 100

    def label_of(self, cells: Sequence[str]) -> str:
        if self.is_heading:
            return _cell(cells, self.label)
        more = list(cells[1:])
        if more and _QUALITY.fullmatch(more[0]):
            del more[0]
        return ",".join(one for one in more if one)


def _cells(line: str) -> list[str]:
    if len(line) > _LONGEST_LINE:
        return []
    row = line.removeprefix("\ufeff").replace("\r", " ")
    cells = next(csv.reader([row]), []) if '"' in row else row.split(",")  # three times as fast
    return [one.strip() for one in cells]


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _columns_of(cells: Sequence[str]) -> _Columns:
    names = [one.lower() for one in cells]
    own = next((one for one in _HASH_COLUMNS if one in names), None)
    if own is None:
        return _Columns()
    label = next((one for one in _LABEL_COLUMNS if one in names), None)
    return _Columns(
        names.index(own),
        names.index("quality") if "quality" in names else None,
        None if label is None else names.index(label),
        is_heading=True,
    )
