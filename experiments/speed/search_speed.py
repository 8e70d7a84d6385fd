"""Speed, measured side by side in one run: ``scripts/bench pictures|indices|search|filters``.

Every figure is the median over rounds, with the least and the greatest; what is compared runs
in turn within each round, so that a slow moment of a shared machine hits all alike.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder, unit_rows
from binocle.encoders.registry import open_encoder
from binocle.media.decoder_pool import DecoderPool
from binocle.media.kinds import IMAGE
from binocle.metadata.filters import Comparison
from binocle.types import Float32Array, ImageSpec, Limits, NewPart, NewRecord, PixelArray, Space
from binocle.vectors.faiss_store import FaissStore
from experiments.speed.filter_speed import bench_filters
from indexer.indexer import Indexer
from indexer.sources.folder import FolderSource

_WORKERS = 2


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", choices=["pictures", "indices", "search", "filters"])
    parser.add_argument("--pictures", type=Path, help="a folder; else 1,000 JPEGs are made")
    parser.add_argument("--model", help="else ViT-B-32-256 with random weights")
    parser.add_argument("--count", type=int, default=1000, help="pictures, or vectors")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.what == "pictures":
            bench_pictures(folder, options.pictures, options.model, options.count, options.rounds)
        elif options.what == "indices":
            bench_indices(max(options.count, 2000), options.rounds)
        elif options.what == "filters":
            bench_filters(folder, options.count, options.rounds)
        else:
            bench_search(folder, max(options.count, 2000), options.rounds)


def bench_pictures(
    folder: Path, pictures: Path | None, model: str | None, count: int, rounds: int
) -> None:
    """Measure indexing end to end, its stages alone, and a plain float32 loop."""
    if pictures is None:
        pictures = folder / "pictures"
        make_pictures(pictures, count)
    if model is None:
        from binocle.encoders.untrained import write_model

        model = str(write_model(folder / "model"))
    encoder = open_encoder(model)
    plain = open_encoder(model, precision="float32")
    files = sorted(path for path in pictures.rglob("*") if path.is_file())[:count]
    data = [path.read_bytes() for path in files]
    sample = data[: min(len(data), 128)]
    size = sum(map(len, data)) / len(data) / 1000
    print(f"{len(data)} pictures of {size:.0f} kB; {encoder.space.name} on {encoder.runs_on}")
    results: dict[str, list[float]] = {}
    for number in range(rounds):
        rates: dict[str, Callable[[], float]] = {
            "index, end to end": partial(_index_rate, folder / f"c{number}", pictures, encoder),
            "decode only": partial(_decode_rate, data, encoder.image_spec),
            "encode only": partial(_encode_rate, encoder),
            "plain loop: full decode, then float32": partial(_plain_rate, sample, plain),
        }
        for name, rate in rates.items():
            results.setdefault(name, []).append(rate())
    base = statistics.median(results["plain loop: full decode, then float32"])
    for name, values in results.items():
        median = statistics.median(values)
        spread = f"{min(values):.0f} to {max(values):.0f}"
        print(f"{name:<40}{median:8.1f} pictures/s  ({spread})  {median / base:5.2f} x plain")
    cosines = _cosines(sample, encoder, plain)
    print(
        f"cosine to full decode in float32: least {cosines.min():.4f}, "
        f"median {np.median(cosines):.4f} over {len(sample)} pictures"
    )


def make_pictures(folder: Path, count: int) -> None:
    """Write JPEGs of about 110 kB: smooth shapes with some grain, 640 x 480."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 9, (480, 640, 1))
        pixels = np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05}.jpg", quality=88)


def _index_rate(path: Path, pictures: Path, encoder: Encoder) -> float:
    with Collection(path, create=True) as collection:
        indexer = Indexer(collection, lambda: encoder, limits=Limits(), workers=_WORKERS)
        report = indexer.run(FolderSource(pictures))
    return report.tally.added / report.seconds


def _decode_rate(data: list[bytes], spec: ImageSpec) -> float:
    with DecoderPool(_WORKERS, Limits()) as decoders, ThreadPoolExecutor(_WORKERS) as threads:
        list(threads.map(lambda one: decoders.decode(one, spec), data[:_WORKERS]))  # start them
        return len(data) / _seconds(
            lambda: list(threads.map(lambda one: decoders.decode(one, spec), data))
        )


def _encode_rate(encoder: Encoder, batches: int = 4) -> float:
    pixels = _pixels(encoder.image_spec, encoder.batch_size)
    encoder.encode_images(pixels)
    seconds = _seconds(lambda: [encoder.encode_images(pixels) for _ in range(batches)])
    return batches * len(pixels) / seconds


def _plain_rate(data: list[bytes], encoder: Encoder) -> float:
    def loop() -> None:
        for start in range(0, len(data), 8):
            batch = data[start : start + 8]
            encoder.encode_images(np.stack([_plain(one, encoder.image_spec) for one in batch]))

    return len(data) / _seconds(loop)


def _plain(data: bytes, spec: ImageSpec) -> PixelArray:
    """Decode in full and resize the way open_clip does, without any shortcut."""
    import io

    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    ratio = max(spec.width / image.width, spec.height / image.height)
    size = (round(image.width * ratio), round(image.height * ratio))
    if spec.resize_mode == "squash":
        size = (spec.width, spec.height)
    resized = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - spec.width) / 2), round((size[1] - spec.height) / 2)
    return np.asarray(resized.crop((left, top, left + spec.width, top + spec.height)))


def _cosines(data: list[bytes], fast: Encoder, plain: Encoder) -> Float32Array:
    with DecoderPool(_WORKERS, Limits()) as decoders:
        quick = np.stack([decoders.decode(one, fast.image_spec).pixels for one in data])
    full = np.stack([_plain(one, plain.image_spec) for one in data])
    rows = [
        np.concatenate([encoder.encode_images(part) for part in np.array_split(pixels, 4)])
        for encoder, pixels in ((fast, quick), (plain, full))
    ]
    cosines: Float32Array = (rows[0] * rows[1]).sum(1)
    return cosines


def bench_indices(count: int, rounds: int, dimension: int = 512) -> None:
    """Measure exact and inverted-file search over clustered vectors with a modality gap."""
    rows, queries = clustered(count, 200, dimension)
    ids, built, views = np.arange(1, count + 1), {}, {}
    for name, limit in (("flat", count), ("ivf", 1)):
        space = Space("bench", dimension, "bench")
        store = FaissStore(Path(name), space, anew=True, flat_limit=limit)
        built[name] = _seconds(partial(store.upsert, ids, rows, born=1))
        views[name] = store.at(1)
    truth = [set(one.part_ids.tolist()) for one in views["flat"].search(queries, 10)]
    for name, view in views.items():
        times = []
        for _ in range(rounds):
            seconds = [_seconds(partial(view.search, query[np.newaxis], 10)) for query in queries]
            times.append(1000 * sum(seconds) / len(queries))
        found = [set(one.part_ids.tolist()) for one in view.search(queries, 10)]
        recall = np.mean([len(a & b) / 10 for a, b in zip(truth, found, strict=True)])
        print(
            f"{name:<5}{count:>9,} x {dimension}: built in {built[name]:6.1f} s, "
            f"{statistics.median(times):6.2f} ms a query ({min(times):.2f} to {max(times):.2f}), "
            f"recall@10 {recall:.3f}  {view.description}"
        )


def clustered(count: int, queries: int, dimension: int) -> tuple[Float32Array, Float32Array]:
    """Return unit rows as a CLIP-like space has them: few directions, queries from another cone."""
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((64, dimension)) * (np.arange(1, 65) ** -0.5)[:, None]
    gaps = rng.standard_normal((2, dimension))
    rows = rng.standard_normal((count, 64)) @ basis + 2 * gaps[0]
    asked = rng.standard_normal((queries, 64)) @ basis + 2 * gaps[1]
    asked += 1.5 * rng.standard_normal(asked.shape)
    rows += 0.5 * rng.standard_normal(rows.shape)
    return unit_rows(rows), unit_rows(asked)


def bench_search(folder: Path, count: int, rounds: int, dimension: int = 512) -> None:
    """Measure a search in a collection, with filters from 0.1 % to 50 %."""
    rows, queries = clustered(count, 50, dimension)
    with Collection(folder / "collection", create=True) as collection:
        collection.claim_space(Space("bench", dimension, "bench"))
        for start in range(0, count, 2000):
            collection.upsert(
                [_record(number, rows[number]) for number in range(start, min(start + 2000, count))]
            )
        snapshot = collection.snapshot()
        filters = {"all": None, "50 %": 500, "10 %": 100, "1 %": 10, "0.1 %": 1}
        for name, share in filters.items():
            where = None if share is None else Comparison("bucket", "lt", share)
            times = [
                1000
                * _seconds(partial(snapshot.nearest, IMAGE, query[np.newaxis], 10, where=where))
                for query in queries
                for _ in range(rounds)
            ]
            times.sort()
            print(
                f"{count:,} records, filter {name:<6} median {statistics.median(times):6.2f} ms, "
                f"p95 {times[int(len(times) * 0.95)]:6.2f} ms"
            )


def _record(number: int, row: Float32Array) -> NewRecord:
    part = NewPart(IMAGE, "image", f"/{number}", number.to_bytes(32, "little"), row)
    return NewRecord(str(number), f"/{number}", {"bucket": number % 1000}, (part,))


def _pixels(spec: ImageSpec, count: int) -> PixelArray:
    shape = (count, spec.height, spec.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
