"""Lookups as a table for programs: a line a candidate, with what shows what."""

import csv
import io
from collections.abc import Sequence

from api.operations.duplicates_report import as_cell
from search.copies.lookup_candidates import LookupAnswer, LookupCandidate
from search.copies.policy import Rule, action_of
from search.copies.verdicts import ShownRegion

_COLUMNS = (
    "picture", "verdict", "confidence", "id", "uri",
    "query_x", "query_y", "query_w", "query_h", "stored_x", "stored_y", "stored_w", "stored_h",
    "angle", "mirrored", "action", "error",
)  # fmt: skip


def lookups_csv(
    answers: Sequence[tuple[str, LookupAnswer | str]], rules: Sequence[Rule] | None = None
) -> str:
    """Return a line for each candidate of each picture; one without any has the verdict ``none``.

    Args:
        answers: Names of pictures, and what is known of each; a text says why it failed.
        rules: Of a policy, for the column of actions.
    """
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, _COLUMNS, restval="")
    writer.writeheader()
    for name, answer in answers:
        row: dict[str, object] = {"picture": as_cell(name)}
        if isinstance(answer, str):
            writer.writerow(row | {"verdict": "error", "error": as_cell(answer)})
            continue
        if rules is not None:
            row["action"] = as_cell(action_of(rules, answer.candidates))
        found = [row | _cells(one) for one in answer.candidates]
        writer.writerows(found or [row | {"verdict": "none"}])
    return file.getvalue()


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


def _box(whose: str, region: ShownRegion | None) -> dict[str, object]:
    if region is None:
        return {}
    return {
        f"{whose}_{side}": value
        for side, value in zip("xywh", (region.x, region.y, region.w, region.h), strict=True)
    }
