"""``binocle batch``: embedding on many machines."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import (
    PATH,
    PATH_OR_ADDRESS,
    collection_option,
    device_option,
    engine_options,
    exclude_option,
    json_option,
    max_pixels_option,
    open_container,
    shared,
    table_options,
    workers_option,
)
from api.terminal import say
from binocle.errors import SourceError

if TYPE_CHECKING:
    from indexer.batch.shard_embedding import ShardReport

_SHARD_SIZE = 1000
_LINE_EVERY_S = 5.0


@click.group()
def batch() -> None:
    """Embed on many machines: plan, embed, then 'binocle import'.

    \b
    binocle batch plan /shared/photos --to /shared/job -c photos
    binocle batch embed /shared/job           # on as many machines as there are
    binocle import /shared/job photos
    """


@batch.command()
@click.argument("source", metavar="SOURCE", type=PATH_OR_ADDRESS)
@click.option("--to", metavar="FOLDER", type=PATH, required=True,
              help="Of the job, seen by all machines; not there yet.")  # fmt: skip
@collection_option
@click.option("--model", metavar="MODEL", help="Embeds the collection. Only for a new collection.")
@click.option("--shard-size", type=click.IntRange(1, 100_000), default=_SHARD_SIZE,
              show_default=True, metavar="N", help="Items a shard.")  # fmt: skip
@click.option("--id-column", metavar="COLUMN", help="Of a table: the record's id.")
@table_options
@click.option("--encoding", metavar="NAME", help="What texts are in that have no mark.")
@exclude_option
@max_pixels_option
@device_option
@json_option
@shared
def plan(
    source: Path | str,
    to: Path,
    collection: str,
    model: str | None,
    shard_size: int,
    id_column: str | None,
    image_column: str | None,
    text_columns: Sequence[str],
    image_root: Path | None,
    encoding: str | None,
    exclude: Sequence[str],
    as_json: bool,
    **engine: Any,
) -> None:
    """Write what of a source is new for a collection into shards.

    The source and the job must be found under the same paths, or the same address, wherever shards
    are embedded.
    """
    from api.operations.batch_embedding import plan as plan_source
    from api.operations.plurals import counted
    from indexer.sources.encodings import checked_encoding
    from indexer.sources.table import ColumnRoles

    known = checked_encoding(encoding)
    columns = ColumnRoles(id_column, image_column, tuple(text_columns), image_root, known)
    job = plan_source(
        open_container(**engine),
        source,
        collection,
        to,
        model=model,
        columns=columns,
        exclude=exclude,
        shard_size=shard_size,
    )
    if as_json:
        say(json.dumps({"job": str(to), "items": job.items, "shards": len(job.shards)}))
    elif not job.items:
        say(f"nothing in {source} is new for {collection}")
    else:
        shards = counted(len(job.shards), "shard")
        say(f"planned {counted(job.items, 'item')} of {source} in {shards}: {to}")


@batch.command()
@click.argument("job", metavar="JOB", type=PATH)
@click.option("--shard", "shards", type=click.IntRange(0), multiple=True, metavar="N",
              help="Only this one; may be repeated.")  # fmt: skip
@click.option("--task", type=click.IntRange(0), metavar="N",
              help="Only each so many-th shard: $SLURM_ARRAY_TASK_ID.")  # fmt: skip
@click.option("--tasks", type=click.IntRange(1), metavar="N",
              help="Of so many tasks: $SLURM_ARRAY_TASK_COUNT.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
              help="Shards embedded at once on this machine.")  # fmt: skip
@click.option("--ray", "address", metavar="ADDRESS",
              help="Embed on this Ray cluster: auto, HOST:PORT, ray://HOST:PORT.")  # fmt: skip
@click.option("--actors", type=click.IntRange(1, 100_000), default=8, show_default=True,
              metavar="N", help="On a cluster: encoders at once.")  # fmt: skip
@click.option("--gpus", type=click.FloatRange(0, 64), default=0.0, show_default=True, metavar="N",
              help="On a cluster: GPUs an encoder has.")  # fmt: skip
@workers_option
@engine_options
@json_option
@shared
def embed(
    job: Path,
    shards: Sequence[int],
    task: int | None,
    tasks: int | None,
    processes: int,
    address: str | None,
    actors: int,
    gpus: float,
    as_json: bool,
    **engine: Any,
) -> None:
    """Embed the shards of a job that have no result yet.

    It may be run on many machines at once, stopped and run again: a result is there whole or not.
    Without --task or --shard each machine begins at another shard, and passes over what others
    have done meanwhile.

    \b
    binocle batch embed /shared/job --ray auto --actors 16 --gpus 1
    sbatch --array=0-63 --wrap 'binocle batch embed /shared/job \\
      --task $SLURM_ARRAY_TASK_ID --tasks $SLURM_ARRAY_TASK_COUNT'
    """
    from api.operations import batch_embedding
    from api.operations.plurals import counted
    from indexer.batch.batch_job import read_job

    if (task is None) != (tasks is None):
        raise click.UsageError("--task and --tasks go together")
    folder = job.absolute()
    planned = read_job(folder)
    wanted = batch_embedding.shards_wanted(planned, shards, task, tasks)
    if address is not None:
        done = batch_embedding.embed_on_cluster(
            folder, wanted, engine, address=address, actors=actors, gpus=gpus
        )
    else:
        done = batch_embedding.embed_in_processes(folder, wanted, engine, processes)
    counts, problems = _followed(done, len(wanted))
    _tell({"shards": len(wanted), **counts, "left": len(planned.missing())}, job, as_json=as_json)
    if problems:
        others = len(problems) - 1
        raise SourceError(
            f"{problems[0]} (and {counted(others, 'more shard')})" if others else problems[0]
        )
    if any(not planned.result_of(one).is_file() for one in wanted):
        sys.exit(1)


def _followed(done: "Iterable[ShardReport]", total: int) -> tuple[dict[str, int], list[str]]:
    """Print a line from time to time.

    Returns:
        How many contents were embedded and skipped, and what is wrong with shards.
    """
    embedded = skipped = 0
    problems: list[str] = []
    last = time.monotonic()
    for number, report in enumerate(done, 1):
        embedded, skipped = embedded + report.embedded, skipped + report.skipped
        if report.problem:
            problems.append(report.problem)
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            say(f"{number:,} of {total:,} shards, {embedded:,} contents", err=True)
    return {"embedded": embedded, "skipped": skipped}, problems


def _tell(counts: dict[str, int], job: Path, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(counts))
        return
    from api.operations.plurals import counted

    left = counts["left"]
    are_left = f"{counted(left, 'shard')} {'is' if left == 1 else 'are'} left"
    rest = are_left if left else f"'binocle import {job} COLLECTION' is next"
    done = (
        f"{counted(counts['shards'], 'shard')}: {counted(counts['embedded'], 'content')} embedded"
    )
    say(f"{done}, {counts['skipped']:,} skipped; {rest}")
