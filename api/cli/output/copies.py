"""Lookups and duplicates as rows for people and pipes."""

import sys
from collections.abc import Sequence

from api.cli.output.tables import print_table
from api.operations.plurals import counted, in_bytes, of_copies
from api.terminal import say
from indexer.sources.base import Candidate
from search.copies.duplicates import Duplicates
from search.copies.lookup_candidates import LookupAnswer
from search.copies.policy import Rule, action_of

_NAMED = 5  # of the files of a folder that are no pictures; a line holds no more


def print_answers(
    answers: Sequence[tuple[str, LookupAnswer | str]], rules: Sequence[Rule] | None = None
) -> None:
    """Print what each picture, by its name, is of which record; a text says why it failed.

    With the rules of a policy the last column says what to do.
    """
    if all(isinstance(answer, str) for _, answer in answers) and sys.stdout.isatty():
        return  # the errors say it all
    rows: list[tuple[object, ...]] = []
    for name, answer in answers:
        if isinstance(answer, str):
            rows.append((name, "error", "", "", "", *([] if rules is None else [""])))
            continue
        for one in answer.candidates:
            region = one.judgement.stored_region
            shown = f"{region.x:.2f},{region.y:.2f},{region.w:.2f},{region.h:.2f}" if region else ""
            sure = f"{one.judgement.confidence:.2f}"
            rows.append((name, one.judgement.verdict, sure, one.record.id, shown))
        for match in answer.listed:
            said = f"{match.list_name}: {match.label or match.hash}"
            sure = f"{match.judgement.confidence:.2f}"
            rows.append((name, match.judgement.verdict, sure, said, ""))
        if not answer.judgements:
            rows.append((name, "none", "", "", ""))
        if rules is not None:
            done = action_of(rules, answer.judgements)
            count = max(1, len(answer.judgements))
            rows[-count:] = [(*row, done) for row in rows[-count:]]
    header = ("picture", "verdict", "confidence", "record", "region")
    print_table(header if rules is None else (*header, "action"), rows, whole="record")


def print_notes(answers: Sequence[LookupAnswer], left_out: Sequence[Candidate]) -> None:
    """Say what could not be compared, and what was not looked up."""
    if left_out:
        named = ", ".join(one.record_id for one in left_out[:_NAMED])
        more = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
        what = counted(len(left_out), "file")
        say(f"Note: not looked up, being no pictures: {what}: {named}{more}", err=True)
    unprepared = max((answer.unprepared for answer in answers), default=0)
    unreadable = sum(answer.unreadable for answer in answers)
    if unprepared:
        say(
            f"Note: {counted(unprepared, 'picture')} from before there was reverse lookup cannot "
            "be found; run 'binocle index' on their source again",
            err=True,
        )
    if unreadable:
        say(
            f"Note: {counted(unreadable, 'stored picture')} that may be what was looked for could "
            "not be read, as if moved or removed; bring them back, or index where they are now",
            err=True,
        )


def print_clusters(found: Duplicates) -> None:
    """Print the pictures of each cluster, and how many there are."""
    rows = []
    for number, cluster in enumerate(found.clusters, 1):
        keep = cluster.keep
        rows.append((number, "keep", "", f"{keep.width} x {keep.height}", keep.record_id, keep.why))
        rows += [
            (number, one.verdict, f"{one.confidence:.2f}", f"{one.width} x {one.height}",
             one.record_id, one.why)
            for one in cluster.others
        ]  # fmt: skip
    if rows:
        header = ("cluster", "verdict", "confidence", "pixels", "record", "why")
        print_table(header, rows, whole="record")
    copies = sum(len(one.others) for one in found.clusters)
    say(
        f"{counted(len(found.clusters), 'cluster')} with {of_copies(copies)} among "
        f"{counted(found.pictures, 'picture')}, {in_bytes(found.reclaimable_bytes)} beside those "
        "to keep; nothing was removed",
        err=True,
    )
