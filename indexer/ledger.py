"""What became of each item of a source, and which items need not be looked at again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from binocle.catalog.types import Item
from binocle.types import Limits, Skip
from indexer.records import Outcome
from indexer.sources.base import Candidate
from indexer.tally import Tally

_RETRIED = frozenset({"missing", "unreadable-file", "timeout", "decoder-crash"})
_PICTURE = "#picture-"


class Ledger:
    """A source's lines as they were before a run, and those the run writes.

    Attributes:
        source_id: The source's number.
        seen: Keys of all lines that stand for something the source still has.
    """

    def __init__(self, source_id: int, items: Mapping[str, Item], limits: Limits) -> None:
        """Set up.

        Args:
            source_id: The source's number.
            items: Its lines by key.
            limits: What one picture may cost: what was too large is tried again when they change.
        """
        self.source_id = source_id
        self.seen: set[str] = set()
        self._items = items
        self._limits_mark = f"{limits.max_pixels}:{limits.max_bytes}"
        self._broken_pictures: dict[str, list[str]] = defaultdict(list)
        for key in items:
            owner, mark, _ = key.rpartition(_PICTURE)
            if mark:
                self._broken_pictures[owner].append(key)

    def settles(self, candidate: Candidate, tally: Tally) -> bool:
        """Tell whether a candidate is as it was, so that there is nothing to do; counts it then."""
        before = self._items.get(candidate.key)
        self.seen.add(candidate.key)
        if before is None or not before.fingerprint:
            return False
        if before.fingerprint != self._fingerprint(before.code, candidate.fingerprint):
            return False
        self.seen.update(self._broken_pictures.get(candidate.key, ()))
        tally.skipped += before.code is not None
        tally.unchanged += before.code is None
        return True

    def count(self, outcome: Outcome, tally: Tally) -> None:
        """Count what became of a changed candidate."""
        self.seen.update(line.key for line in self.lines(outcome))
        tally.skipped += len(outcome.skips)
        if outcome.record is not None:
            before = self._items.get(outcome.candidate.key)
            was_there = before is not None and before.record_id is not None
            tally.updated += was_there
            tally.added += not was_there

    def replaced(self, outcome: Outcome) -> str | None:
        """Return the id of the record that a candidate was and is not any more."""
        before = self._items.get(outcome.candidate.key)
        former = before.record_id if before is not None else None
        return None if outcome.record is not None and outcome.record.id == former else former

    def lines(self, outcome: Outcome) -> Iterator[Item]:
        """Yield the lines that say what became of a candidate.

        A product whose picture is broken is indexed by its texts; the picture gets a line.
        """
        candidate = outcome.candidate
        if outcome.record is None:
            yield self._skipped(candidate.key, candidate.fingerprint, outcome.skips[0])
            return
        for number, skip in enumerate(outcome.skips, 1):
            yield self._skipped(f"{candidate.key}{_PICTURE}{number}", candidate.fingerprint, skip)
        is_retried = any(skip.code in _RETRIED for skip in outcome.skips)
        fingerprint = "" if is_retried else candidate.fingerprint
        yield Item(candidate.key, fingerprint, candidate.record_id, None, None)

    def _skipped(self, key: str, fingerprint: str, skip: Skip) -> Item:
        mark = self._fingerprint(skip.code, fingerprint)
        return Item(key, mark, None, skip.code, skip.message)

    def _fingerprint(self, code: str | None, fingerprint: str) -> str:
        """Return what tells that an item need not be tried again.

        What may pass by itself is always tried again; what was too large, when a limit changes.
        """
        if code in _RETRIED:
            return ""
        return f"{fingerprint}|{self._limits_mark}" if code == "too-large" else fingerprint
