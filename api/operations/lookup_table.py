"""Lookups as a table for programs: a line a candidate, with what shows what."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from api.operations.duplicates_report import as_cell
from binocle.errors import StorageError
from search.copies.hash_lists.hash_list import ListedMatch
from search.copies.lookup_candidates import LookupAnswer, LookupCandidate
from search.copies.policy import Rule, action_of
from search.copies.verdicts import ShownRegion

_COLUMNS = (
    "picture", "verdict", "confidence", "id", "uri",
    "query_x", "query_y", "query_w", "query_h", "stored_x", "stored_y", "stored_w", "stored_h",
    "angle", "mirrored", "action", "error",
)  # fmt: skip


class LookupTable:
    """A CSV file with a line a candidate, written as pictures are looked up.

    However the run ends, the file has all that was known by then.
    """

    def __init__(self, path: Path, rules: Sequence[Rule] | None = None) -> None:
        """Set up.

        Args:
            path: The file, which is written anew.
            rules: Of a policy, for the column of actions.
        """
        self._path, self._rules = path, rules

    def __enter__(self) -> Self:
        """Begin the file.

        Raises:
            StorageError: It cannot be written.
        """
        with self._told():
            # Names of files that are no UTF-8 stand in it byte by byte.
            self._file = self._path.open(
                "w", encoding="utf-8", errors="surrogateescape", newline=""
            )
            self._writer = csv.DictWriter(self._file, _COLUMNS, restval="")
            self._writer.writeheader()
            self._file.flush()
        return self

    def __exit__(self, *_error: object) -> None:
        with self._told():
            self._file.close()

    def add(self, name: str, answer: LookupAnswer | str) -> None:
        """Write a line for each candidate of a picture; without any, the verdict is ``none``.

        Args:
            name: Of the picture.
            answer: What is known of it; a text says why it failed.

        Raises:
            StorageError: The file cannot be written.
        """
        with self._told():
            self._writer.writerows(self._rows(name, answer))
            self._file.flush()

    def _rows(self, name: str, answer: LookupAnswer | str) -> list[dict[str, object]]:
        row: dict[str, object] = {"picture": as_cell(name)}
        if isinstance(answer, str):
            return [row | {"verdict": "error", "error": as_cell(answer)}]
        if self._rules is not None:
            row["action"] = as_cell(action_of(self._rules, answer.judgements))
        rows = [row | _cells(one) for one in answer.candidates]
        rows += [row | _listed_cells(one) for one in answer.listed]
        return rows or [row | {"verdict": "none"}]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"cannot write {self._path} ({error.strerror})") from error


def _cells(candidate: LookupCandidate) -> dict[str, object]:
    judgement = candidate.judgement
    cells: dict[str, object] = {
        "verdict": judgement.verdict,
        "confidence": judgement.confidence,
        "id": as_cell(candidate.record.id),
        "uri": as_cell(candidate.part.uri),
    }
    cells |= _box("query", judgement.query_region) | _box("stored", judgement.stored_region)
    if judgement.query_region is not None:
        mirrored = "yes" if judgement.is_mirrored else "no"
        cells |= {"angle": judgement.angle, "mirrored": mirrored}
    return cells


def _listed_cells(match: ListedMatch) -> dict[str, object]:
    return {
        "verdict": match.judgement.verdict,
        "confidence": match.judgement.confidence,
        "id": as_cell(match.label),
        "uri": as_cell(f"{match.list_name}:{match.hash}"),
    }


def _box(whose: str, region: ShownRegion | None) -> dict[str, object]:
    if region is None:
        return {}
    return {
        f"{whose}_{side}": value
        for side, value in zip("xywh", (region.x, region.y, region.w, region.h), strict=True)
    }
