"""A folder that says what is to be embedded, in shards, and has what became of each.

``job.json`` names the source, the model and the shards; ``items/00000.jsonl`` has the candidates
of a shard, ``results/HASH.parquet`` what became of them. The hash is of all that a result follows
from: the items, the space of the vectors, what a picture may cost. So a result is right wherever
it was made, and making it twice makes the same file.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from binocle.collection.collection import Collection
from binocle.errors import SourceError, StorageError, UsageError
from binocle.files import replacing
from binocle.types import Limits, Space
from indexer.admission import admitted
from indexer.batch.planned_items import line_of
from indexer.ledger import Ledger
from indexer.records import Tally
from indexer.sources.base import Candidate, Source

_FORMAT = 1
_JOB, _ITEMS, _RESULTS = "job.json", "items", "results"


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A plan, and where its results are.

    Attributes:
        folder: Seen by all machines that embed.
        source: What opens the source again, as whoever planned it wrote it.
        name: The source's name in the collection, which ids begin with.
        model: What embeds.
        space: Of the vectors.
        limits: What one picture may cost.
        shards: The result's name of each shard.
        items: How many candidates there are.
    """

    folder: Path
    source: Mapping[str, Any]
    name: str
    model: str
    space: Space
    limits: Limits
    shards: tuple[str, ...]
    items: int

    def items_of(self, shard: int) -> list[str]:
        """Return the lines of a shard.

        Raises:
            SourceError: They cannot be read, or have been changed since.
        """
        path = self.folder / _ITEMS / f"{shard:05}.jsonl"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceError(f"cannot read {path} ({error.strerror or error})") from error
        if _result_name(data, self.space, self.limits) != self.shards[shard]:
            raise SourceError(f"{path} is not as it was planned; plan the source again")
        return data.decode().splitlines()

    def result_of(self, shard: int) -> Path:
        """Return where the result of a shard is, or will be."""
        return self.folder / _RESULTS / f"{self.shards[shard]}.parquet"

    def missing(self) -> list[int]:
        """Return the shards that have no result yet."""
        return [shard for shard in range(len(self.shards)) if not self.result_of(shard).is_file()]


def read_job(folder: Path) -> BatchJob:
    """Return the job of a folder.

    Raises:
        SourceError: There is none, or it is damaged.
    """
    path = folder / _JOB
    try:
        told = json.loads(path.read_text("utf-8"))
        if told["format"] > _FORMAT:
            raise SourceError(f"{folder} was planned by a newer Binocle; upgrade this one")
        return BatchJob(
            folder,
            told["source"],
            told["name"],
            told["model"],
            Space(**told["space"]),
            Limits(**told["limits"]),
            tuple(told["shards"]),
            told["items"],
        )
    except FileNotFoundError as error:
        raise SourceError(
            f"{folder} holds no job; 'binocle batch plan SOURCE --to {folder}' makes one"
        ) from error
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise SourceError(f"{path} is damaged ({error}); plan the source again") from error


def plan_job(
    collection: Collection,
    source: Source,
    folder: Path,
    *,
    written: Mapping[str, Any],
    model: str,
    space: Space,
    limits: Limits,
    shard_size: int,
) -> BatchJob:
    """Write what of a source is new or changed for a collection into shards.

    The source is entered into the collection, so that ids are those that an indexing run gives.
    Where nothing is new, or planning is cut short, no folder is left.

    Args:
        collection: Where the results will go.
        source: What to embed.
        folder: Where to; empty, or not there yet.
        written: What opens the source again.
        model: What embeds.
        space: Its space.
        limits: What one picture may cost.
        shard_size: Candidates a shard.

    Raises:
        SourceError: The source cannot be read as a whole.
        SpaceMismatchError: The collection's vectors are of another model.
        StorageError: The job or the collection cannot be written.
        UsageError: The folder is not empty, or the source is a part of one the collection knows.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name a folder that is not there yet")
    collection.claim_space(space)
    name, ledger = _entered(collection, source, limits)
    source.remember(ledger.knows, ledger.below)
    changed = (
        one for one in map(admitted, source.scan(name)) if not ledger.settles(one)
    )  # fmt: skip
    job = BatchJob(folder, written, name, model, space, limits, (), 0)
    try:
        job = _write(job, _shards(changed, shard_size))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StorageError(f"cannot write {folder} ({error.strerror or error})") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not job.items:
        shutil.rmtree(folder, ignore_errors=True)
    return job


def _write(job: BatchJob, shards: Iterator[list[str]]) -> BatchJob:
    """Write items by shards, and then what names them; return the job with them.

    Raises:
        OSError: They cannot be written.
    """
    for part in (_ITEMS, _RESULTS):
        (job.folder / part).mkdir(parents=True)
    names: list[str] = []
    items = 0
    for shard, lines in enumerate(shards):
        data = "".join(f"{line}\n" for line in lines).encode()
        (job.folder / _ITEMS / f"{shard:05}.jsonl").write_bytes(data)
        names.append(_result_name(data, job.space, job.limits))
        items += len(lines)
    job = replace(job, shards=tuple(names), items=items)
    with replacing(job.folder / _JOB) as file:
        file.write(json.dumps(_as_json(job), indent=1).encode())
    return job


def _entered(collection: Collection, source: Source, limits: Limits) -> tuple[str, Ledger]:
    """Return a source's name in a collection, and what the collection knows of it."""
    with collection.writing() as session:
        row = None
        for known in session.sources.all():
            if source.within(known.kind, known.uri) is not None:
                row = known
                break
        if row is None:
            row = session.sources.add(source.path.name, source.uri, source.kind)
        elif row.uri != source.uri:
            raise UsageError(
                f"{source.uri} lies in {row.uri}, which the collection knows; plan that"
            )
        return row.name, Ledger(row.id, session.sources.ledger(row.id), limits, Tally())


def _shards(candidates: Iterator[Candidate], size: int) -> Iterator[list[str]]:
    while lines := [line_of(one) for one in islice(candidates, size)]:
        yield lines


def _result_name(items: bytes, space: Space, limits: Limits) -> str:
    follows_from = json.dumps([_FORMAT, space.fingerprint, asdict(limits)], sort_keys=True)
    return hashlib.sha256(follows_from.encode() + b"\n" + items).hexdigest()[:32]


def _as_json(job: BatchJob) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "source": dict(job.source),
        "name": job.name,
        "model": job.model,
        "space": asdict(job.space),
        "limits": asdict(job.limits),
        "items": job.items,
        "shards": list(job.shards),
    }
