"""Following the catalogue: moments of a collection, each made from the one before.

The catalogue is the truth. Indices and columns live in memory; before a search the change number
is compared, and what is new or gone is caught up in a single read transaction. The moment before
is left as it is, so whoever is searching it is not disturbed. A store keeps its vectors between
processes with a watermark, and when that does not agree with the catalogue the vectors are followed
anew. Bringing many into lists, or to an engine, takes minutes: a thread does it beside searches.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from binocle.catalog.base import Catalog, CatalogReader
from binocle.collection.beside_searches import BesideSearches
from binocle.collection.parts import NO_PARTS, Owners, Parts
from binocle.collection.snapshot import Snapshot
from binocle.collection.vector_damage import report_damage
from binocle.errors import StorageError, UnreachableError
from binocle.media.kinds import KINDS
from binocle.metadata.columns import Columns
from binocle.types import Kind, Space
from binocle.vectors.base import OpenStore, VectorsGoneError, VectorStore, Watermark

_log = logging.getLogger(__name__)
_SAVE_AFTER_ROWS = 5000
_MOST_DAMAGED = 1000


@dataclass(frozen=True, slots=True)
class _Followed:
    """One kind's vectors and how far they have followed the catalogue."""

    store: VectorStore
    parts: Parts = NO_PARTS
    last_part_id: int = 0
    change: int = -1
    unsaved: int = 0
    is_checked: bool = False  # its count was compared with the catalogue's once
    lost: tuple[int, ...] = ()  # parts that are left out, their stored vectors being damaged


@dataclass(frozen=True, slots=True)
class _State:
    """The latest moment, and what the next one is made from."""

    snapshot: Snapshot
    followed: dict[Kind, _Followed] = field(default_factory=dict)

    def serves(self, kinds: Sequence[Kind], space: Space | None) -> bool:
        return space is None or all(kind in self.followed for kind in kinds)


class IndexFollower:
    """Makes moments of one collection. Thread-safe."""

    def __init__(
        self,
        path: Path,
        catalog: Catalog,
        space: Callable[[], Space | None],
        open_store: OpenStore,
    ) -> None:
        """Set up.

        Args:
            path: The collection's folder.
            catalog: Its catalogue.
            space: Returns the collection's space.
            open_store: Opens the vectors of a kind.
        """
        self._path, self._catalog = path, catalog
        self._space, self._open_store = space, open_store
        self._state: _State | None = None
        self._damaged: set[int] = set()  # parts found now, not told yet
        self._distrusted: set[Kind] = set()  # whose saved files are damaged
        self._advancing = threading.Lock()
        self._saver, self._checker = BesideSearches(), BesideSearches()

    def snapshot(self, kinds: Sequence[Kind], *, keep: bool = True) -> Snapshot:
        """Return the collection as of now; while another thread catches up, as it was.

        Args:
            kinds: Whose parts are needed.
            keep: Bring indices into a better form, and save them, beside searches.
        """
        state = self._state
        if state is not None and state.serves(kinds, self._space()):
            with self._catalog.reading() as session:
                if session.history.change() == state.snapshot.change:
                    return state.snapshot
            if not self._advancing.acquire(blocking=False):
                return state.snapshot
        else:
            self._advancing.acquire()
        try:
            known = set(self._state.followed) if self._state else set()
            self._state = state = self._advanced(self._state, kinds)
            if keep:
                self._keep(state, set(state.followed) - known)
            return state.snapshot
        finally:
            self._advancing.release()

    def _keep(self, state: _State, opened: set[Kind]) -> None:
        """Have done beside searches what would make them faster, or what opening left for later."""
        for kind, followed in state.followed.items():
            is_much = kind in opened and followed.unsaved >= _SAVE_AFTER_ROWS
            if is_much or followed.store.is_overdue:
                self._saver.start(f"{kind} index", self._saving(kind))
            elif kind in opened:
                self._checker.start(f"{kind} check", partial(self._verify, kind, followed.store))

    def save(self) -> None:
        """Write the indices beside the catalogue; a failure is logged and not raised."""
        self._saver.finish()
        try:
            self.snapshot(KINDS, keep=False)
        except UnreachableError as error:
            _log.warning("the vectors of %s are pushed later: %s", self._path.name, error)
            return
        with self._advancing:
            state = self._state
            chores = [
                self._saving(kind)
                for kind, one in (state.followed.items() if state else ())
                if one.unsaved
            ]
        for save in chores:
            save()

    def store(self, kind: Kind) -> VectorStore | None:
        """Return what keeps a kind's vectors; None where nobody asked for them yet."""
        state = self._state
        return state.followed[kind].store if state and kind in state.followed else None

    def finish(self) -> None:
        """Wait until indices that are being made are saved."""
        self._saver.finish()

    def _advanced(self, state: _State | None, kinds: Sequence[Kind]) -> _State:
        space, followed = self._space(), dict(state.followed) if state else {}
        if space is not None:
            for kind in [one for one in kinds if one not in followed]:
                followed[kind] = self._load(kind, space)
        with self._catalog.reading() as session:
            if space is not None:
                for kind, one in followed.items():
                    followed[kind] = self._caught_up(session, kind, one, space)
            columns = state.snapshot.columns if state else None
            if columns is None:
                columns = session.columns.load()
            else:
                columns = session.columns.caught_up(columns)
            newest_part = session.history.newest_part()
            damaged = session.parts.damaged_vectors(self._damaged)
        report_damage(self._path, self._catalog, damaged)
        self._damaged.clear()
        columns.alive.setflags(write=False)
        return _State(self._snapshot(followed, columns, newest_part), followed)

    def _snapshot(
        self, followed: dict[Kind, _Followed], columns: Columns, newest_part: int
    ) -> Snapshot:
        parts = {kind: followed[kind].parts if kind in followed else NO_PARTS for kind in KINDS}
        return Snapshot(parts, columns, self._catalog.reading, newest_part)

    def _caught_up(
        self, session: CatalogReader, kind: Kind, followed: _Followed, space: Space
    ) -> _Followed:
        change = session.history.change()
        if change == followed.change and followed.parts.is_whole:
            return followed
        floor = session.history.removals_known_after()
        if followed.change < floor or followed.change > change:
            followed = replace(self._empty(kind, space), unsaved=followed.unsaved)
        store, owners = followed.store, followed.parts.owners
        part_ids, record_ids = [owners.part_ids], [owners.record_ids]
        newest, lost = followed.last_part_id, list(followed.lost)
        for new in session.parts.after(kind, newest, space.dimension):
            store.upsert(new.part_ids, new.rows, born=change)
            part_ids.append(new.part_ids)
            record_ids.append(new.record_ids)
            lost += new.damaged
            newest = max(newest, *new.part_ids[-1:].tolist(), *new.damaged[-1:])
        owners = Owners(np.concatenate(part_ids), np.concatenate(record_ids))
        changed = len(owners.part_ids) - len(part_ids[0])
        removed = session.history.removed_parts(followed.change)
        store.retire(removed, died=change)
        gone = np.isin(owners.part_ids, removed)
        if gone.any():
            owners = Owners(owners.part_ids[~gone], owners.record_ids[~gone])
            changed += int(gone.sum())
        parts = Parts(store.at(change), owners)
        # Counting is a scan, so only what did not start here empty is held against a count.
        expected = len(owners.part_ids)
        if not followed.is_checked:
            expected = session.parts.count()[kind] - len(set(lost) - set(removed.tolist()))
        if parts.vectors.count() != expected:
            if followed.change < 0:
                raise StorageError(f"the catalogue of {self._path.name} has parts without vectors")
            _log.warning("the %s index of %s is out of step; rebuilding", kind, self._path.name)
            return self._caught_up(session, kind, self._empty(kind, space), space)
        unsaved = followed.unsaved + changed
        self._damaged |= set(lost) - set(followed.lost)
        return _Followed(store, parts, newest, change, unsaved, True, tuple(lost))

    def _empty(self, kind: Kind, space: Space) -> _Followed:
        return _Followed(self._open_store(self._path / kind, space, anew=True))

    def _load(self, kind: Kind, space: Space) -> _Followed:
        """Return the persisted vectors with their owners where they can be trusted, else none."""
        if kind in self._distrusted:
            return replace(self._empty(kind, space), unsaved=_SAVE_AFTER_ROWS)
        try:
            store = self._open_store(self._path / kind, space)
            mark = store.watermark()
            if mark is None:
                return _Followed(store)
            with self._catalog.reading() as session:
                if mark.token != session.history.token(mark.change):
                    raise StorageError("it belongs to another history of the catalogue")
                owners = Owners(*session.parts.owners(kind, mark.last_id))
                stored = store.at(mark.change).ids()
                is_there = np.isin(owners.part_ids, stored)
                lacking = owners.part_ids[~is_there].tolist()
                damaged = session.parts.damaged_vectors(lacking[:_MOST_DAMAGED])
            if len(damaged) < len(lacking):
                raise StorageError("it lacks parts of the catalogue")
            owners = Owners(owners.part_ids[is_there], owners.record_ids[is_there])
            gone = stored[~np.isin(stored, owners.part_ids)]
            store.retire(gone, died=mark.change)
            parts = Parts(store.at(mark.change), owners)
            return _Followed(
                store, parts, mark.last_id, mark.change, unsaved=len(gone), lost=tuple(lacking)
            )
        except UnreachableError:  # what is there is not damaged
            raise
        except StorageError as error:
            self._warn(kind, error)
            return replace(self._empty(kind, space), unsaved=_SAVE_AFTER_ROWS)  # to be replaced

    def _saving(self, kind: Kind) -> Callable[[], None]:
        """Return what persists vectors, and has them searched in the form they have then."""
        assert self._state is not None
        followed = self._state.followed[kind]
        with self._catalog.reading() as session:
            token = session.history.token(followed.change)
        mark = Watermark(followed.change, followed.last_part_id, token)
        persist = followed.store.persisting(mark)

        def save() -> None:
            try:
                persist()
                saved = followed.unsaved
            except VectorsGoneError as error:
                self._distrust(kind, followed.store, error)
                return
            except (OSError, StorageError) as error:
                _log.warning("could not save the %s index of %s: %s", kind, self._path.name, error)
                saved = 0
            with self._advancing:
                self._show(kind, followed.store, saved)

        return save

    def _show(self, kind: Kind, store: VectorStore, saved: int) -> None:
        """Search vectors in the form they have now; hold the lock."""
        if (state := self._state) is None or self.store(kind) is not store:
            return
        followed = state.followed[kind]
        parts = Parts(store.at(followed.change), followed.parts.owners)
        followed = replace(followed, parts=parts, unsaved=followed.unsaved - saved)
        kinds = {**state.followed, kind: followed}
        snapshot = self._snapshot(kinds, state.snapshot.columns, state.snapshot.newest_part)
        self._state = _State(snapshot, kinds)

    def _verify(self, kind: Kind, store: VectorStore) -> None:
        """Compare what was opened with its digest; where it is damaged, the next search is anew."""
        try:
            store.verify()
        except StorageError as error:
            self._distrust(kind, store, error)

    def _distrust(self, kind: Kind, store: VectorStore, error: StorageError) -> None:
        self._warn(kind, error)
        with self._advancing:
            if (state := self._state) is not None and self.store(kind) is store:
                self._distrusted.add(kind)
                others = {name: one for name, one in state.followed.items() if name != kind}
                self._state = replace(state, followed=others)

    def _warn(self, kind: Kind, error: StorageError) -> None:
        message = "ignoring the saved %s index of %s and making it anew: %s"
        _log.warning(message, kind, self._path.name, error)
