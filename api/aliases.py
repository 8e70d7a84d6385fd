"""Aliases: names that stand for collections, and are switched from one to another at once.

A switch is seen by every process with its next request. Whoever removes a collection holds the lock
of the aliases' file: none is removed while an alias is pointed at it.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from api.shared_file import SharedFile
from binocle.errors import NotFoundError, StorageError, UsageError

_log = logging.getLogger(__name__)
_FORMAT = 1
_KEPT_BEFORE = 8
_NONE: Mapping[str, "Alias"] = MappingProxyType({})


class AliasError(UsageError):
    """A name is taken, or a collection is in use."""

    code = "alias-conflict"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that stands for a collection.

    Attributes:
        name: Its own.
        collection: What it stands for.
        switched_at: Since when; ISO 8601, UTC.
        before: What it stood for earlier, the latest first: cursors of then still go on there.
    """

    name: str
    collection: str
    switched_at: str
    before: tuple[str, ...] = ()


class Aliases:
    """The aliases of a data home. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._file = SharedFile(home / "aliases.json", "the aliases", _parsed, _NONE)
        self._collections = home / "collections"

    def all(self) -> Mapping[str, Alias]:
        """Return the aliases by name.

        Raises:
            StorageError: The file cannot be read or is damaged.
        """
        return self._file.read()

    def known(self) -> Mapping[str, Alias]:
        """Return the aliases by name; none where they cannot be read, which is logged.

        For what goes on without them: collections by their own names.
        """
        try:
            return self.all()
        except StorageError as error:
            _log.warning("collections go by their own names only: %s", error)
            return _NONE

    def resolve(self, name: str) -> str:
        """Return the collection that a name stands for: an alias's, or that of the name itself.

        Raises:
            AliasError: There is an alias of this name, and a collection too.
            StorageError: The aliases cannot be read, and no collection has this name.
        """
        is_collection = (self._collections / name).exists()
        alias = (self.known() if is_collection else self.all()).get(name)
        if alias is None:
            return name
        if is_collection:
            raise AliasError(
                f"{name!r} is a collection and an alias of {alias.collection!r}; 'binocle aliases "
                f"remove {name}' leaves the collection"
            )
        return alias.collection

    def resolved(self, names: Iterable[str]) -> dict[str, str]:
        """Return what each of some names stands for, without those for which nobody can tell."""
        found = {}
        for name in names:
            try:
                found[name] = self.resolve(name)
            except (AliasError, StorageError) as error:
                _log.warning("%s", error)
        return found

    def of(self, collection: str) -> list[str]:
        """Return the names of the aliases that stand for a collection, sorted."""
        return sorted(one.name for one in self.known().values() if one.collection == collection)

    def put(self, name: str, collection: str, *, expected: str | None = None) -> Alias:
        """Have an alias stand for a collection from now on; make it where there is none.

        Args:
            name: Of the alias; one that could name a collection.
            collection: Which; it has been looked for.
            expected: What it has to stand for until now; None for anything, or nothing.

        Raises:
            AliasError: There is a collection of this name, or an alias of the collection's; or it
                stands for something else than expected.
            BusyError: Another process changes the aliases and does not end.
        """
        with self._file.changing() as aliases:
            if (self._collections / name).exists():
                raise AliasError(
                    f"there is a collection {name!r}; choose another name for the alias, or remove "
                    "the collection first"
                )
            if collection in aliases:
                raise AliasError(
                    f"{collection!r} is an alias itself; name the collection it stands for, "
                    f"{aliases[collection].collection!r}"
                )
            old = aliases.get(name)
            if expected is not None and (old.collection if old else None) != expected:
                now = f"stands for {old.collection!r}" if old else "is not there"
                raise AliasError(
                    f"the alias {name!r} {now}, not for {expected!r}; nothing was switched"
                )
            if old is not None and old.collection == collection:
                return old
            made = Alias(name, collection, datetime.now(UTC).isoformat(timespec="seconds"))
            if old is not None:
                earlier = [one for one in (old.collection, *old.before) if one != collection]
                made = replace(made, before=tuple(earlier[:_KEPT_BEFORE]))
            self._write({**aliases, name: made})
            return made

    def remove(self, name: str) -> None:
        """Remove an alias; what it stands for stays.

        Raises:
            NotFoundError: There is none of this name.
            BusyError: Another process changes the aliases and does not end.
        """
        with self._file.changing() as aliases:
            if name not in aliases:
                known = ", ".join(sorted(aliases)) or "none"
                raise NotFoundError(f"there is no alias {name!r}; there are: {known}")
            self._write({one: alias for one, alias in aliases.items() if one != name})

    @contextmanager
    def removing(self, collection: str) -> Iterator[None]:
        """Keep aliases from being pointed at a collection while it is removed.

        Raises:
            AliasError: One stands for it, or the name is an alias itself.
            BusyError: Another process changes the aliases and does not end.
        """
        with self._file.changing() as aliases:
            if collection in aliases:
                raise AliasError(
                    f"{collection!r} is an alias of {aliases[collection].collection!r}; 'binocle "
                    "aliases remove' removes it, and a collection goes by its own name"
                )
            using = sorted(one.name for one in aliases.values() if one.collection == collection)
            if using:
                raise AliasError(
                    f"the alias {', '.join(map(repr, using))} stands for {collection!r}; switch it "
                    "to another collection or remove it first"
                )
            yield

    def _write(self, aliases: Mapping[str, Alias]) -> None:
        rows = [asdict(aliases[name]) for name in sorted(aliases)]
        self._file.write(json.dumps({"format": _FORMAT, "aliases": rows}, indent=1))


def _parsed(text: str) -> Mapping[str, Alias]:
    document = json.loads(text)
    if document["format"] > _FORMAT:
        raise ValueError("they were written by a newer Binocle; upgrade this one")
    return {row["name"]: _alias_of(row) for row in document["aliases"]}


def _alias_of(row: dict[str, Any]) -> Alias:
    return Alias(**{**row, "before": tuple(row["before"])})
