"""``binocle index``: sources one after another, with progress for a person."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from api.container import Container
from api.operations.copies import fill_in_fingerprints
from api.operations.removal import remove_collection
from api.terminal import say
from binocle.collection.collection import Collection
from binocle.errors import BinocleError, SourceError
from binocle.metadata.field_types import FieldType
from indexer.indexer import Progress, Report
from indexer.sources.base import Source
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles

_LINE_EVERY_S = 5.0
_SETTLED_FOR_A_RATE = 50


def index_sources(
    container: Container,
    paths: Sequence[Path | str],
    name: str,
    model: str | None,
    columns: ColumnRoles,
    *,
    schema: Mapping[str, FieldType],
    exclude: Sequence[str] = (),
    as_json: bool,
) -> bool:
    """Index sources into a collection, declaring types of its fields first; print what happened.

    Returns:
        Whether all sources could be indexed.
    """
    fetch = container.settings.fetch_urls
    opened = (open_source(path, columns, exclude=exclude, fetch=fetch) for path in paths)
    sources = list(opened)  # a typo stops before any work
    with _nothing_left_of(container, name) as (collection, reports):
        if schema:
            collection.declare(schema)
        failures = _run(container, collection, sources, model, reports, is_told=not as_json)
        if reports:
            fill_in_fingerprints(container, collection)
        if any(one.tally.added or one.tally.updated for one in reports):
            container.searcher(collection).prepare()  # while the model is at hand
    if as_json:
        runs = [
            {
                "source": one.source.uri,
                **asdict(one.tally),
                "seconds": one.seconds,
                "warnings": list(one.warnings),
            }
            for one in reports
        ]
        say(json.dumps({"collection": name, "runs": runs, "errors": failures}))
    return not failures


@contextmanager
def _nothing_left_of(container: Container, name: str) -> Iterator[tuple[Collection, list[Report]]]:
    """Open a collection; one that was made for it goes where no source was indexed into it.

    Yields:
        The collection, and a list for what was indexed.
    """
    is_new = container.collection_path(name).name not in container.collection_names()
    reports: list[Report] = []
    is_empty = False  # what cannot be read may have records
    try:
        with container.open_collection(name, create=True) as collection:
            try:
                yield collection, reports
            finally:
                with suppress(BinocleError), collection.reading() as session:
                    is_empty = not session.records.count()
    finally:
        if is_new and is_empty and not reports:
            remove_collection(container, name)


def _run(
    container: Container,
    collection: Collection,
    sources: Sequence[Source],
    model: str | None,
    reports: list[Report],
    *,
    is_told: bool,
) -> list[str]:
    """Index sources, add what came of them to the reports, and return what failed."""
    failures: list[str] = []
    for source in sources:
        try:
            with _listener(source.path.name) as listener:
                report = container.indexer(collection, model, listener.update).run(source)
        except SourceError as error:
            failures.append(" ".join(str(error).split()))
            say(f"Error: {failures[-1]}", err=True)
            continue
        reports.append(report)
        for warning in report.warnings:
            say(f"Warning: {warning}", err=True)
        if is_told:
            say(sentence(report, collection.path.name))
    return failures


def sentence(report: Report, name: str) -> str:
    """Return what a run did, in a sentence."""
    tally = report.tally
    counts = [
        (tally.added, "added"),
        (tally.updated, "updated"),
        (tally.unchanged, "unchanged"),
        (tally.removed, "removed"),
        (tally.skipped, "skipped"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing changed"
    if tally.taken_over:
        said += f" ({tally.taken_over:,} have ids that were another source's, and replaced those)"
    stored = tally.added + tally.updated
    rate = f", {stored / report.seconds:,.0f} records a second" if stored >= 100 else ""
    hint = "" if name == "default" else f" -c {name}"
    more = f" ('binocle skipped{hint}' tells why)" if tally.skipped else ""
    return f"{report.source.uri}: {said} in {report.seconds:.1f} s{rate}{more}"


class _Listener(Protocol):
    def update(self, progress: Progress) -> None: ...


@contextmanager
def _listener(label: str) -> Iterator[_Listener]:
    if sys.stderr.isatty():
        from api.cli.output.progress import Bar

        with Bar(label) as bar:
            yield bar
    else:
        yield _Lines(label)


class _Lines:
    """Progress where nobody can see a bar move: a line every few seconds."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._started = self._last = time.monotonic()
        self._first: int | None = None

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._first is None:  # the model has been loaded by now, which is no indexing
            self._first, self._started = progress.done, now
        if now - self._last < _LINE_EVERY_S:
            return
        self._last = now
        line = f"{self._label}: {progress.done:,} of {progress.total:,}"
        settled = progress.done - self._first
        if settled >= _SETTLED_FOR_A_RATE:
            rate = settled / (now - self._started)
            line += f", {rate:,.0f} a second, {(progress.total - progress.done) / rate:,.0f} s left"
        say(f"{line}, {progress.tally.skipped:,} skipped", err=True)
