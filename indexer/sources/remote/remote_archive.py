"""An archive in an object store or on the web: gone through only where it has changed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from indexer.sources.archive import ArchiveSource
from indexer.sources.base import Below, Candidate, Knows, Source
from indexer.sources.stores.addresses import lies_below
from indexer.sources.stores.remote_file import remote_file

_END = "|end of "


class RemoteArchive(ArchiveSource):
    """A tar or zip that is read in ranges.

    The last member of a whole walk is marked in the ledger with how many there were. Where all
    lines are there, of this version of the archive, it is not read.
    """

    is_recalled = True

    def __init__(
        self,
        address: str,
        encoding: str | None = None,
        exclude: Sequence[str] = (),
        *,
        part_of: Callable[[str], Source] | None = None,
    ) -> None:
        """Name an archive.

        Args:
            address: Where it lies.
            encoding: As for any archive, and so is the other.
            exclude: Likewise.
            part_of: Returns this as a part of what lies at a known address.
        """
        super().__init__(remote_file(address), encoding, exclude)
        self._address, self._part_of = address, part_of
        choices = repr((encoding, tuple(exclude))).encode()
        self._choices = hashlib.blake2b(choices, digest_size=8).hexdigest()
        self._below: Below = lambda _prefix: None

    def remember(self, _knows: Knows, below: Below) -> None:
        """Be told what the collection has; see ``Source.remember``."""
        self._below = below

    def scan(self, name: str) -> Iterator[Candidate]:
        """Yield the pictures and what cannot be read as one; see ``Source.scan``."""
        unchanged = self._unchanged()
        if unchanged is not None:
            for key, fingerprint in unchanged.items():
                yield Candidate(key, fingerprint, f"{name}/{key}", self._prefix() + key)
            return
        keys: set[str] = set()
        last: Candidate | None = None
        for one in super().scan(name):
            if last is not None:
                yield last
            last = one
            keys.add(one.key)
        if last is not None:
            end = f"{_END}{len(keys)} {self._choices}" if self.is_sound else ""
            yield replace(last, fingerprint=last.fingerprint + end)

    def count(self) -> int:
        """Return how many pictures and other files there are."""
        unchanged = self._unchanged()
        return super().count() if unchanged is None else len(unchanged)

    def within(self, kind: str, uri: str) -> Source | None:
        """Return a run over this part of a known address."""
        if kind != "remote" or self._part_of is None or not lies_below(self._address, uri):
            return None
        return self._part_of(uri)

    def _unchanged(self) -> Mapping[str, str] | None:
        """Return all lines of the ledger where they are of the archive as it is now."""
        lines = self._below("")
        if not lines:
            return None
        with self._errors():
            stamp = self._now()
        end = f"{_END}{len(lines)} {self._choices}"
        ended = sum(one.endswith(end) for one in lines.values())
        is_same = all(f"{one.removesuffix(end)}:".startswith(f"{stamp}:") for one in lines.values())
        return lines if ended == 1 and is_same else None
