"""``python -m experiments.engines.lost_node``: a cluster of Ray on one machine that loses a node.

Makes small pictures, plans them, embeds them on a cluster of three nodes, one of which is killed
when a third of the shards is done, imports them, and counts: every picture has to be there once.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from api.container import Container
from api.operations.batch_embedding import embed_on_cluster, import_job, plan
from api.settings import read_settings
from indexer.batch.batch_job import BatchJob
from indexer.sources.table import ColumnRoles

_SIZE, _MODEL = 64, "mini"


def main() -> None:
    """Do it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--shard-size", type=int, default=250)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--place", metavar="FOLDER", help="where pictures and results go")
    options = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory(prefix="binocle-ray-", dir=options.place) as place:
        folder = Path(place, "pictures")
        _make_pictures(folder, options.pictures)
        container = Container(read_settings(home=Path(place, "home"), workers=1))
        job = plan(
            container, folder, "all", Path(place, "job"), model=_MODEL,
            columns=ColumnRoles(), exclude=(), shard_size=options.shard_size,
        )  # fmt: skip
        started = time.monotonic()
        shards, lost_at = _embed(container, job, options.nodes)
        embedded_s = time.monotonic() - started
        started = time.monotonic()
        added = import_job(container, job.folder, "all").tally.added
        imported_s = time.monotonic() - started
        again = import_job(container, job.folder, "all").tally
        with container.open_collection("all") as collection, collection.reading() as session:
            records, parts = session.records.count(), session.parts.count()["image"]
    print(f"{options.pictures:,} pictures, {len(job.shards)} shards, {options.nodes} nodes")
    print(f"node killed after {lost_at} shards; {sum(shards.values())} reported")
    print(f"embedded in {embedded_s:.0f} s, imported in {imported_s:.0f} s: {added:,} added")
    print(f"in the collection: {records:,} records, {parts:,} pictures; again: {again.added} added")
    assert ({records, parts, added}, again.added) == ({options.pictures}, 0)


def _make_pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:06}.jpg", quality=80)


def _embed(container: Container, job: BatchJob, nodes: int) -> tuple[Counter[int], int]:
    """Embed all, and kill a node meanwhile; return the shards, and after how many it was killed."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    victim, *_ = [cluster.add_node(num_cpus=1) for _ in range(nodes - 1)]
    lost_at = 0

    def lose() -> None:
        nonlocal lost_at
        while (lost_at := len(job.shards) - len(job.missing())) < len(job.shards) // 3:
            time.sleep(0.05)
        cluster.remove_node(victim, allow_graceful=False)

    losing = threading.Thread(target=lose, daemon=True)
    losing.start()
    try:
        done = embed_on_cluster(
            job.folder, job.missing(), {"home": container.settings.home, "workers": 1},
            address=cluster.address, actors=nodes, gpus=0,
        )  # fmt: skip
        found = Counter(one.shard for one in done)
        losing.join()
    finally:
        ray.shutdown()
        cluster.shutdown()
    return found, lost_at


if __name__ == "__main__":
    main()
