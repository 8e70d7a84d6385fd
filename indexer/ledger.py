"""What became of each item of a source: noted, counted, committed with the records."""

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from binocle.catalog.types import Item
from binocle.collection.collection import Collection
from binocle.errors import NotAPictureError
from binocle.media.images import SUFFIXES
from binocle.media.jpeg_xl import can_read_jpeg_xl
from binocle.media.raw_previews import can_read_raw
from binocle.types import Limits, NewRecord, Skip
from indexer.records import Outcome, Tally, write_records
from indexer.sources.base import Candidate

_QUEUED_CHUNKS = 2
_RETRIED = frozenset({"missing", "unreadable-file", "timeout", "decoder-crash"})
_WRITTEN_WITHIN_S = 10.0
_PICTURE, _INSIDE = "#picture-", "!/"
_EXTRAS = ", JPEG XL" * can_read_jpeg_xl() + ", RAW" * can_read_raw()
_FORMATS_MARK = f"{len(SUFFIXES)} formats{_EXTRAS}"


class Ledger:
    """A source's lines as they were before a run, and those the run writes.

    Attributes:
        source_id: The source's number.
        seen: Keys of all lines that stand for something the source still has.
        is_followed: Whether the source will be looked at again as soon as it changes.
    """

    def __init__(
        self, source_id: int, items: Mapping[str, Item], limits: Limits, tally: Tally
    ) -> None:
        """Set up.

        Args:
            source_id: The source's number.
            items: Its lines by key.
            limits: What one picture may cost: what was too large is tried again when they change.
            tally: Told what became of the candidates.
        """
        self.source_id = source_id
        self.seen: set[str] = set()
        self.is_followed = False
        self._items = items
        self._tally = tally
        self._limits_mark = f"{limits.max_pixels}:{limits.max_bytes}"
        self._broken_pictures: dict[str, list[str]] = defaultdict(list)
        for key in items:
            owner, mark, _ = key.rpartition(_PICTURE)
            if mark:
                self._broken_pictures[owner].append(key)

    def settles(self, candidate: Candidate) -> bool:
        """Tell whether there is nothing to do for a candidate; counts it then.

        It is as it was, or it may only be a part of what its record was made of.
        """
        before = self._items.get(candidate.key)
        self.seen.add(candidate.key)
        if before is None or not before.fingerprint:
            return False
        stays = candidate.is_partial and before.record_id is not None
        is_same = before.fingerprint == self._fingerprint(before.code, candidate.fingerprint)
        if not (is_same or stays):
            return False
        self.seen.update(self._broken_pictures.get(candidate.key, ()))
        self._tally.skipped += before.code is not None
        self._tally.unchanged += before.code is None
        return True

    def knows(self, key: str, fingerprint: str) -> bool:
        """Tell whether a candidate of this key and fingerprint would be as it was."""
        before = self._items.get(key)
        if before is None or not before.fingerprint:
            return False
        return before.fingerprint == self._fingerprint(before.code, fingerprint)

    def below(self, prefix: str) -> dict[str, str] | None:
        """Return the fingerprints of the lines of an archive; see ``Source.remember``.

        Args:
            prefix: What their keys begin with, as ``00.tar!/``; nothing for all.
        """
        keys = self._by_archive[prefix.removesuffix(_INSIDE)] if prefix else self._items
        found: dict[str, str] = {}
        for key in keys:
            if key.rpartition(_PICTURE)[0] in self._items:
                continue  # it is told of with its record
            item = self._items[key]
            mark = self._marks.get(item.code or "")
            found[key] = item.fingerprint.removesuffix(f"|{mark}") if mark else item.fingerprint
            if not self.knows(key, found[key]):
                return None
        return found

    @cached_property
    def _by_archive(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for key in self._items:
            archive, mark, _ = key.partition(_INSIDE)
            if mark:
                found[archive].append(key)
        return found

    @property
    def _marks(self) -> dict[str, str]:
        return {"too-large": self._limits_mark, NotAPictureError.code: _FORMATS_MARK}

    def enter(self, outcome: Outcome) -> tuple[list[Item], str | None]:
        """Count what became of a changed candidate.

        What cannot be read while somebody writes it stays as it was in what is followed.

        Returns:
            The lines that say it, and the id of the record it was and is not any more.
        """
        candidate = outcome.candidate
        before = self._items.get(candidate.key)
        former = before.record_id if before is not None else None
        is_awaited = self.is_followed and former is not None and outcome.record is None
        if is_awaited and _is_written_just_now(candidate.uri):
            self.seen.add(candidate.key)
            return [Item(candidate.key, "", former, None, None)], None
        lines = list(self._lines(outcome))
        self.seen.update(line.key for line in lines)
        self._tally.skipped += len(outcome.skips)
        if outcome.record is None:
            return lines, former
        self._tally.updated += former is not None
        self._tally.added += former is None
        return lines, former if outcome.record.id != former else None

    def _lines(self, outcome: Outcome) -> Iterator[Item]:
        """Yield the lines that say what became of a candidate.

        A product whose picture is broken is indexed by its texts; the picture gets a line.
        """
        candidate = outcome.candidate
        if outcome.record is None:
            yield self._skipped(candidate.key, candidate.fingerprint, outcome.skips[0])
            return
        for number, skip in enumerate(outcome.skips, 1):
            yield self._skipped(f"{candidate.key}{_PICTURE}{number}", candidate.fingerprint, skip)
        absent = sum(image.is_absent for image in candidate.images)
        is_retried = sum(skip.code in _RETRIED for skip in outcome.skips) > absent
        fingerprint = "" if is_retried else candidate.fingerprint
        yield Item(candidate.key, fingerprint, candidate.record_id, None, None)

    def _skipped(self, key: str, fingerprint: str, skip: Skip) -> Item:
        mark = self._fingerprint(skip.code, fingerprint)
        return Item(key, mark, None, skip.code, skip.message)

    def _fingerprint(self, code: str | None, fingerprint: str) -> str:
        """Return what tells that an item need not be tried again.

        What may pass by itself is always tried again; what was too large, when a limit changes;
        what was no picture, once other formats are read.
        """
        if code in _RETRIED:
            return ""
        mark = self._marks.get(code or "")
        return f"{fingerprint}|{mark}" if mark else fingerprint


def _is_written_just_now(uri: str) -> bool:
    """Tell whether a file of this machine has changed so lately that more of it may come."""
    try:
        return abs(time.time() - Path(uri).stat().st_mtime) < _WRITTEN_WITHIN_S
    except (OSError, ValueError):  # it lies elsewhere, or inside another
        return False


@dataclass(frozen=True, slots=True)
class _Commit:
    """What one transaction writes: records, lines of the ledger; ids of what it removes."""

    records: list[NewRecord]
    lines: list[Item]
    gone: list[str]


class ChunkWriter:
    """Commits chunks in order, each in one transaction, in a thread off the encoder's way."""

    def __init__(self, collection: Collection, ledger: Ledger, run_id: int, tally: Tally) -> None:
        """Start the thread.

        Args:
            collection: Where to.
            ledger: Of the source; what became of each candidate is written into it.
            run_id: The number of the run.
            tally: Told how many records were another source's.
        """
        self._collection = collection
        self._ledger = ledger
        self._run_id = run_id
        self._tally = tally
        self._queue: queue.Queue[_Commit | None] = queue.Queue(_QUEUED_CHUNKS)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def put(self, outcomes: Sequence[Outcome]) -> None:
        """Count and hand over a chunk; waits while two wait. Raises what an earlier one raised."""
        if self._error is not None:
            raise self._error
        entered = [self._ledger.enter(one) for one in outcomes]
        records = [one.record for one in outcomes if one.record is not None]
        lines = [line for own, _ in entered for line in own]
        self._queue.put(_Commit(records, lines, [gone for _, gone in entered if gone is not None]))

    def close(self) -> None:
        """Wait until everything handed over is committed. Raises what went wrong."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (chunk := self._queue.get()) is not None:
            if self._error is not None:
                continue  # later chunks must not be committed without this one
            source_id = self._ledger.source_id
            try:
                with self._collection.writing() as session:
                    taken = write_records(
                        session, chunk.records, gone=chunk.gone, source_id=source_id
                    )
                    session.sources.put_items(source_id, self._run_id, chunk.lines)
                self._tally.taken_over += taken
            except BaseException as error:
                self._error = error
