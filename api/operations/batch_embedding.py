"""Embedding in shards: planned, embedded by processes or a cluster, and imported."""

import atexit
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from api.container import Container
from api.operations.removal import remove_collection
from api.settings import read_settings
from binocle.encoders.names import canonical_name
from binocle.errors import ModelError, SourceError, UsageError
from binocle.media.decoder_pool import DecoderPool
from indexer.batch.batch_job import BatchJob, plan_job, read_job
from indexer.batch.planned_source import PlannedSource
from indexer.batch.shard_embedding import ShardEmbedder, ShardReport
from indexer.indexer import Report
from indexer.records import Elsewhere
from indexer.sources.base import Source
from indexer.sources.registry import open_source
from indexer.sources.table import ColumnRoles


def plan(
    container: Container,
    path: Path | str,
    collection: str,
    folder: Path,
    *,
    model: str | None,
    columns: ColumnRoles,
    exclude: Sequence[str],
    shard_size: int,
) -> BatchJob:
    """Plan what of a source is new for a collection, which is made where it is not there.

    Where nothing is new, no job is left, and no collection that was not there before.

    Raises:
        BinocleError: As ``plan_job``.
    """
    fetch = container.settings.fetch_urls
    source = open_source(path, columns, exclude=exclude, fetch=fetch)
    is_new = container.collection_path(collection).name not in container.collection_names()
    job = None
    try:
        with container.open_collection(collection, create=True) as opened:
            space = opened.space
            chosen = canonical_name(model) if model else None
            chosen = chosen or (space.name if space else container.default_model)
            job = plan_job(
                opened,
                source,
                folder.absolute(),
                written=_written(source, columns, exclude) | {"fetch": fetch},
                model=chosen,
                space=container.encoder(chosen).space,
                limits=container.settings.limits,
                shard_size=shard_size,
            )
            return job
    finally:
        is_empty = job is None or not job.items
        if is_new and is_empty and container.collection_path(collection).exists():
            remove_collection(container, collection)


def _written(source: Source, columns: ColumnRoles, exclude: Sequence[str]) -> dict[str, Any]:
    """Return what ``source_of_job`` opens a source again from."""
    root = columns.image_root
    return {
        "uri": source.uri,
        "id": columns.id,
        "image": columns.image,
        "text": list(columns.text),
        "image_root": str(root.absolute()) if root else None,
        "encoding": columns.encoding,
        "exclude": list(exclude),
    }


def source_of_job(job: BatchJob) -> Source:
    """Return the source of a job.

    Raises:
        SourceError: It is not there, on this machine.
    """
    told: dict[str, Any] = dict(job.source)
    root = Path(told["image_root"]) if told["image_root"] else None
    columns = ColumnRoles(told["id"], told["image"], tuple(told["text"]), root, told["encoding"])
    fetch = bool(told.get("fetch"))
    return open_source(told["uri"], columns, exclude=told["exclude"], fetch=fetch)


def make_embed(folder: Path, options: dict[str, Any]) -> Callable[[int], ShardReport]:
    """Return what embeds a shard of a job, with an encoder and decoders of its own.

    It passes over what another machine has done meanwhile; a shard that is damaged costs itself.

    Args:
        folder: Of the job.
        options: Of the settings, as the command had them; the rest is this machine's environment.
    """
    job = read_job(folder)
    container = Container(read_settings(**options))
    stack = ExitStack()
    decoders = stack.enter_context(DecoderPool(container.settings.workers, job.limits))
    atexit.register(stack.close)
    open_uri = source_of_job(job).open
    embedder = ShardEmbedder(job, container.encoder(job.model), decoders, open_uri)

    def embed(shard: int) -> ShardReport:
        if job.result_of(shard).is_file():
            return ShardReport(shard, 0, 0)
        try:
            return embedder.embed(shard)
        except SourceError as error:
            return ShardReport(shard, 0, 0, problem=str(error))

    return embed


def embed_in_processes(
    folder: Path, shards: Sequence[int], options: dict[str, Any], processes: int
) -> Iterator[ShardReport]:
    """Embed shards in processes of this machine; with one, in this process.

    Raises:
        BinocleError: The source or the model is not there, or a process has died.
    """
    if processes == 1 or len(shards) < 2:
        yield from map(make_embed(folder, options), shards)
        return
    embed = partial(_embed_in_process, folder, options)
    with ProcessPoolExecutor(min(processes, len(shards)), get_context("spawn")) as pool:
        try:
            yield from map(Future.result, as_completed(_submitted(pool, embed, shards)))
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                child.terminate()
            if isinstance(error, BrokenProcessPool):
                raise ModelError(
                    "a process that embeds has died, perhaps since memory is short; the shards "
                    "that are done stay: run it again with fewer --processes"
                ) from error
            raise


def _submitted(
    pool: ProcessPoolExecutor, embed: Callable[[int], ShardReport], shards: Sequence[int]
) -> list[Future[ShardReport]]:
    """Begin with shards, in processes that leave Ctrl-C to this one."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return [pool.submit(embed, one) for one in shards]
    finally:
        signal.signal(signal.SIGINT, before)


_of_process: list[Callable[[int], ShardReport]] = []


def _embed_in_process(folder: Path, options: dict[str, Any], shard: int) -> ShardReport:
    if not _of_process:
        _of_process.append(make_embed(folder, options))
    return _of_process[0](shard)


def embed_on_cluster(
    folder: Path,
    shards: Sequence[int],
    options: dict[str, Any],
    *,
    address: str,
    actors: int,
    gpus: float,
) -> Iterator[ShardReport]:
    """Embed shards on a Ray cluster; its nodes see the job and the source under the same paths."""
    from indexer.batch.on_ray import embed_on_ray

    return embed_on_ray(
        partial(make_embed, folder, options),
        shards,
        address=address,
        actors=actors,
        cpus=float(options.get("workers") or 1),
        gpus=gpus,
    )


def import_job(container: Container, folder: Path, collection: str) -> Report:
    """Bring a job whose shards are all embedded into a collection; doing it again changes nothing.

    Raises:
        UsageError: Shards are missing.
        BinocleError: As ``Indexer.run``.
    """
    job = read_job(folder.absolute())
    if missing := job.missing():
        raise UsageError(
            f"{len(missing):,} of {len(job.shards):,} shards are not embedded yet; "
            f"'binocle batch embed {folder}' goes on"
        )
    planned = PlannedSource(job, source_of_job(job))
    with container.open_collection(collection, create=True) as opened:
        report = container.indexer(opened, job.model, lambda _: None).run(
            planned, Elsewhere(planned.read_before, planned.part_of)
        )
        container.searcher(opened).prepare()
    return report


def shards_wanted(
    job: BatchJob, shards: Sequence[int], task: int | None, tasks: int | None
) -> list[int]:
    """Return the shards that one machine is to embed, of those that have no result yet.

    Args:
        job: Whose.
        shards: Only these; empty for all.
        task: Only those of one task of several, such as one of a SLURM array; counted from 0.
        tasks: How many there are.

    Raises:
        UsageError: There is no such shard, or no such task.
    """
    if beyond := [one for one in shards if one >= len(job.shards)]:
        raise UsageError(
            f"{job.folder} has no shard {beyond[0]}; there are {len(job.shards):,}, from 0"
        )
    missing = [one for one in job.missing() if not shards or one in shards]
    if task is None or tasks is None:
        start = random.randrange(len(missing)) if missing and not shards else 0
        return [*missing[start:], *missing[:start]]
    if task >= tasks:
        raise UsageError(f"there is no task {task} of {tasks}; they are counted from 0")
    return [one for one in missing if one % tasks == task]
