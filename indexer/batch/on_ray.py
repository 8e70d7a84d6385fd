"""Shards embedded on a Ray cluster: actors hold an encoder each, files hold the results.

Ray runs a task again where its node was lost. A shard's result is a file that is there whole or
not, and the same whoever makes it; nothing is written to a database, of which Ray could not say
whether it happened once.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from binocle.errors import UsageError
from indexer.batch.shard_embedding import ShardReport

_REACHED_WITHIN_S = 10.0
MakeEmbed = Callable[[], Callable[[int], ShardReport]]


def embed_on_ray(
    make_embed: MakeEmbed,
    shards: Sequence[int],
    *,
    address: str,
    actors: int,
    cpus: float,
    gpus: float,
) -> Iterator[ShardReport]:
    """Embed shards on a cluster, as many at once as there are actors.

    Args:
        make_embed: Called once in each actor; returns what embeds a shard. Both must be found by
            import on every node.
        shards: Which.
        address: Of the cluster; ``local`` for one of this machine's cores.
        actors: At most so many.
        cpus: Cores an actor is counted for.
        gpus: GPUs an actor has, parts of one allowed.

    Raises:
        UsageError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError("Ray is not installed; pip install 'binocle[ray]'") from error
    try:
        _check_answers(address)
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Ray cluster answers at {address} ({error}); 'ray start --head' makes one"
        ) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    embedder: Any = _Actor
    rows = ray.data.from_items(
        [{"shard": shard} for shard in shards], override_num_blocks=len(shards)
    )
    done = rows.map(
        embedder,
        fn_constructor_args=(make_embed,),
        concurrency=(1, max(1, min(actors, len(shards)))),
        num_cpus=cpus,
        num_gpus=gpus,
    )
    for row in done.iter_rows():
        yield ShardReport(**row)


def _check_answers(address: str) -> None:
    """Try to reach a host, which Ray itself does for minutes.

    Raises:
        OSError, ValueError: It cannot be reached.
    """
    host, mark, port = address.removeprefix("ray://").rpartition(":")
    if mark:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_WITHIN_S).close()


class _Actor:
    """Holds an encoder for one task after another."""

    def __init__(self, make_embed: MakeEmbed) -> None:
        self._embed = make_embed()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return asdict(self._embed(int(row["shard"])))
