"""``binocle export`` and ``binocle import``."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import PATH, json_option, open_container, shared
from api.terminal import say

if TYPE_CHECKING:
    from api.container import Container
    from indexer.transfer import TransferReport


@click.command("export")
@click.argument("collection", metavar="COLLECTION")
@click.argument("to", metavar="TO", type=PATH)
@json_option
@shared
def export(collection: str, to: Path, as_json: bool) -> None:
    """Write records, metadata, texts and vectors to a Parquet file, for other programs.

    A row is a record; its parts have vectors as lists of float32. Pictures that came over HTTP are
    in it, those of folders and archives stay where they are. 'binocle import' makes a collection of
    it that is the same, but for the sources: its records belong to none.

    \b
    binocle export photos photos.parquet
    """
    from indexer.transfer import export_collection

    if to.is_dir():
        raise click.UsageError(f"{to} is a folder; name a file, such as {to / collection}.parquet")
    with open_container().open_collection(collection) as opened:
        report = export_collection(opened, to)
    _tell(report, f"exported {collection} to {to}", as_json=as_json)


@click.command("import")
@click.argument("source", metavar="FROM", type=PATH)
@click.argument("collection", metavar="COLLECTION")
@json_option
@shared
def import_(source: Path, collection: str, as_json: bool) -> None:
    """Store what 'binocle export' wrote in a collection, replacing records of the same ids.

    Of a job of 'binocle batch', all shards of which are embedded, it makes what 'binocle index'
    would have made.

    \b
    binocle import photos.parquet photos-again
    binocle import /shared/job photos
    """
    from indexer.transfer import check_export, import_collection

    container = open_container()
    if source.is_dir():
        _import_job(container, source, collection, as_json=as_json)
        return
    check_export(source)  # so that a wrong file makes no collection
    with container.open_collection(collection, create=True) as opened:
        report = import_collection(opened, source)
    _tell(report, f"imported {source} into {collection}", as_json=as_json)


def _import_job(container: "Container", job: Path, collection: str, *, as_json: bool) -> None:
    from api.cli.index import sentence
    from api.operations.batch_embedding import import_job

    report = import_job(container, job, collection)
    if as_json:
        say(json.dumps({"source": report.source.uri, **asdict(report.tally)}))
    else:
        say(sentence(report, collection))


def _tell(report: "TransferReport", done: str, *, as_json: bool) -> None:
    from api.operations.plurals import counted

    for problem in report.problems:
        say(f"Error: {problem}", err=True)
    if as_json:
        say(json.dumps(asdict(report)))
    else:
        parts = counted(report.parts, "part")
        say(f"{done}: {counted(report.records, 'record')} with {parts}")
    if report.problems:
        sys.exit(1)
