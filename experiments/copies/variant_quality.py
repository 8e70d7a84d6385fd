"""How many variants are named as such: ``python -m experiments.copies.variant_quality FOLDER...``.

Of each picture a pair on one template is made (``experiments.copies.product_variants``); the first
is indexed, and the second, saved once more, is looked up among all of them.
"""

import argparse
import io
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from binocle.collection.collection import Collection
from experiments.copies.lookup_quality import indexed, pictures_in
from experiments.copies.product_variants import VARIANTS
from search.copies.lookup import Lookup
from search.copies.verdicts import COPIES

_SIDE = 1000


def named(folders: Sequence[Path], count: int, seed: int, work: Path) -> dict[str, Counter[str]]:
    """Return what the second pictures of the pairs were called, by kind of variant.

    Args:
        folders: Pictures of products.
        count: How many of each folder and kind.
        seed: Which pictures, and how they vary.
        work: An empty folder.

    Returns:
        Of each kind how many were a ``variant``, a ``copy`` or neither (``other``).
    """
    random = np.random.default_rng(seed)
    queries: list[tuple[str, str, bytes]] = []
    (work / "known").mkdir()
    for folder in folders:
        paths = pictures_in(folder)
        for kind, vary in VARIANTS.items():
            for place in random.choice(len(paths), min(count, len(paths)), replace=False).tolist():
                image = ImageOps.exif_transpose(Image.open(paths[place])).convert("RGB")
                image.thumbnail((_SIDE, _SIDE))
                stored, asked = vary(image, random)
                name = f"{len(queries):05}.jpg"
                (work / "known" / name).write_bytes(_saved(stored, 92))
                queries.append((kind, name, _saved(asked, int(random.integers(60, 96)))))
    found: dict[str, Counter[str]] = {kind: Counter() for kind in VARIANTS}
    with Collection(indexed(work / "collection", work / "known")) as collection:
        finder = Lookup(collection, lambda part: Path(part.uri).read_bytes(), workers=1)
        for kind, name, data in queries:
            own = [
                one.judgement.verdict
                for one in finder.find(data).candidates
                if one.record.id.endswith(name)
            ]
            is_copy = bool(own) and own[0] in COPIES
            found[kind]["copy" if is_copy else own[0] if own == ["variant"] else "other"] += 1
    return found


def _saved(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.copies.variant_quality", description=__doc__
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=20, help="pictures of each folder and kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as work:
        found = named(options.folders, options.count, options.seed, Path(work))
    print("| differs | pairs | variant | copy | neither |\n|---|---|---|---|---|")
    for kind, counts in found.items():
        cells = (kind, counts.total(), counts["variant"], counts["copy"], counts["other"])
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
