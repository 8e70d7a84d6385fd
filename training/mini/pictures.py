"""The pictures and texts the recipe learns from, read from the archives of the data folder."""

import csv
import io
import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from binocle.types import PixelArray

SIDE = 224
_QUALITY = 62
DEV_PRODUCTS = 2_000


@dataclass(frozen=True, slots=True)
class MiniPictures:
    """One data set.

    Attributes:
        name: Its archive's name.
        encoded: A small WebP of each picture, squashed to ``SIDE`` squared or smaller.
        texts: Each picture's texts; none where the data set has labels only for evaluation.
        labels: Each picture's label, in the data set's own words; empty where it has none.
    """

    name: str
    encoded: list[bytes]
    texts: list[list[str]]
    labels: list[str]

    def decode(self) -> PixelArray:
        """Return ``(n, SIDE, SIDE, 3)`` uint8 RGB."""
        with ThreadPoolExecutor() as pool:
            return np.stack(list(pool.map(_decode, self.encoded)))

    def part(self, keep: Iterable[int]) -> "MiniPictures":
        """Return the pictures at some positions."""
        kept = list(keep)
        return MiniPictures(
            self.name,
            [self.encoded[one] for one in kept],
            [self.texts[one] for one in kept],
            [self.labels[one] for one in kept],
        )

    def save(self, folder: Path) -> None:
        """Write ``NAME.npz``."""
        ends = np.cumsum([len(one) for one in self.encoded])
        np.savez(
            folder / f"{self.name}.npz",
            bytes=np.frombuffer(b"".join(self.encoded), np.uint8),
            ends=ends,
            texts=np.array("\n".join("\t".join(each) for each in self.texts)),
            labels=np.array("\n".join(self.labels)),
        )


def load_pictures(path: Path) -> MiniPictures:
    """Read what ``MiniPictures.save`` wrote."""
    with np.load(path) as table:
        whole, ends = table["bytes"].tobytes(), table["ends"].tolist()
        texts = [each.split("\t") if each else [] for each in str(table["texts"]).split("\n")]
        labels = str(table["labels"]).split("\n")
    starts = [0, *ends[:-1]]
    encoded = [whole[start:end] for start, end in zip(starts, ends, strict=True)]
    return MiniPictures(path.stem, encoded, texts, labels)


def read_archives(data: Path) -> list[MiniPictures]:
    """Read every data set the recipe uses from its tar archive.

    Args:
        data: The folder with ``flickr8k-train.tar`` and the others.
    """
    return [
        _from_table(data / "flickr8k-train.tar", "captions.csv", _caption),
        _from_table(data / "flickr8k-dev.tar", "captions.csv", _caption),
        _from_table(data / "fashion.tar", "products.csv", _fashion),
        _from_table(data / "electronics.tar", "products.csv", _electronics),
        _labelled(data / "caltech101.tar"),
    ]


_Row = dict[str, str]


def _caption(row: _Row) -> tuple[str, str]:
    return row["caption"], ""


def _fashion(row: _Row) -> tuple[str, str]:
    return row["title"], row["description"]


def _electronics(row: _Row) -> tuple[str, str]:
    return row["name"], ""


def _from_table(path: Path, table: str, facts: Callable[[_Row], tuple[str, str]]) -> MiniPictures:
    files = _files(path)
    rows = list(csv.DictReader(io.StringIO(files[table].decode())))
    texts: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for row in rows:
        name = row["image"] if row["image"] in files else f"images/{row['image']}"
        text, label = facts(row)
        texts.setdefault(name, []).append(" ".join(text.split()))
        labels[name] = label
    encoded = _encode([files[name] for name in texts])
    return MiniPictures(path.stem, encoded, list(texts.values()), list(labels.values()))


def _labelled(path: Path) -> MiniPictures:
    files = {name: data for name, data in _files(path).items() if name.endswith(".jpg")}
    names = sorted(files)
    labels = [PurePosixPath(name).parent.name for name in names]
    return MiniPictures(
        path.stem, _encode([files[one] for one in names]), [[] for _ in names], labels
    )


def _files(path: Path) -> dict[str, bytes]:
    """Return an archive's files by their path below the archive's one folder."""
    with tarfile.open(path) as archive:
        found = {}
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                found["/".join(PurePosixPath(member.name).parts[1:])] = stream.read()
    return found


def _encode(files: list[bytes]) -> list[bytes]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_shrink, files))


def _shrink(data: bytes) -> bytes:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if max(picture.size) > SIDE:
        picture = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY)
    return out.getvalue()


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
