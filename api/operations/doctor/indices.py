"""Saved indices: what is in them against the catalogue, and their answers against brute force."""

import hashlib
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.catalog.catalog_file import CatalogFile
from binocle.catalog.checks.content import damaged_fingerprints, has_table
from binocle.catalog.checks.findings import Finding, fact, some
from binocle.errors import StorageError, UnreachableError
from binocle.media.kinds import KINDS
from binocle.types import BoolArray, Float32Array, Int64Array, Kind, Space
from binocle.vectors.base import VectorStore, VectorView, Watermark, places_in, products
from binocle.vectors.location import is_in_engine, open_store

_REMEDY = "--repair makes it anew from the catalogue"
_CHANGES_KEPT, _PAUSE_S = 100_000, 1.0
_SAMPLE, _RANDOM, _K = 48, 16, 10
_ROUNDING = 1e-5  # more than the sums of two kernels can differ by


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of one kind in the catalogue: ids ascending, unit rows, those that are whole."""

    ids: Int64Array
    rows: Float32Array
    is_whole: BoolArray

    def whole(self) -> "StoredVectors":
        """Return those that are what their checksums say, as far as they have some."""
        kept = self.is_whole
        return StoredVectors(self.ids[kept], self.rows[kept], kept[kept])


def check_indices(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find saved indices that are damaged, that lack parts or have others, or that answer wrongly.

    Args:
        folder: The collection's.
        file: Its catalogue, whose vectors are sound.
    """
    text = file.value("space")
    if text is None:
        return
    space = Space(**json.loads(text))
    for kind in KINDS:
        yield from _check_index(folder, file, kind, space)
    yield from _check_likeness(folder, file)


def stored_vectors(file: CatalogFile, kind: Kind, dimension: int) -> StoredVectors:
    """Return the vectors of a kind's parts that have the right length."""
    query = (
        "SELECT parts.id, vector, {} FROM parts JOIN vectors ON vectors.part_id = parts.id {} "
        "WHERE kind = ? AND length(vector) = ? ORDER BY parts.id"
    )
    if has_table(file, "vector_checksums"):
        query = query.format("crc32", "LEFT JOIN vector_checksums USING (part_id)")
    else:
        query = query.format("NULL", "")
    found = file.rows(query, kind, 4 * dimension)
    rows = np.frombuffer(b"".join(row[1] for row in found), "<f4").reshape(-1, dimension)
    is_whole = [crc32 is None or zlib.crc32(vector) == crc32 for _, vector, crc32 in found]
    ids = np.array([row[0] for row in found], np.int64)
    return StoredVectors(ids, rows, np.array(is_whole, np.bool_))


def saved_fingerprints(folder: Path) -> Int64Array:
    """Return the parts whose fingerprints are saved; nothing where what is saved cannot be read."""
    try:
        count = int(json.loads((folder / "likeness.stamp.json").read_text())["files"]["pictures"])
        return np.frombuffer((folder / "likeness.hashes").read_bytes(), "<i8", count)
    except (OSError, ValueError, KeyError, TypeError):
        return np.empty(0, np.int64)


def _check_index(folder: Path, file: CatalogFile, kind: Kind, space: Space) -> Iterator[Finding]:
    try:
        store, problem = _opened(folder / kind, space)
    except UnreachableError as error:
        yield fact("index", f"the {kind} vectors are not examined: {error}")
        return
    if problem:
        time.sleep(_PAUSE_S)  # perhaps somebody is just saving it
        store, problem = _opened(folder / kind, space)
    if problem:
        yield _index(f"the saved {kind} index is damaged: {problem}")
        return
    vectors = stored_vectors(file, kind, space.dimension)
    mark = store.watermark() if store is not None else None
    if store is None or mark is None:
        if len(vectors.ids):
            remedy = "the next search makes one, or --repair"
            yield fact("index", f"there is no saved {kind} index", remedy, repair="indices")
        return
    if mark.token != file.token(mark.change):
        yield from _of_another_time(file, mark.change, mark.token, f"the saved {kind} index is")
        return
    if len(differ := _differing(store.at(mark.change), mark, vectors)):
        yield _disagreement(file, kind, differ)
    problems = list(_misfits(file, kind, mark, store.at(mark.change), vectors))
    if not problems:
        whole = vectors.whole()
        newer = whole.ids > mark.last_id
        store.upsert(whole.ids[newer], whole.rows[newer], born=file.change())
        view = _caught_up(store, file, whole)
        problems = list(_wrong_answers(kind, view, whole))
    yield from (_index(one) for one in problems)


def _opened(place: Path, space: Space) -> tuple[VectorStore | None, str]:
    """Return a saved index, None where there is none, and what is wrong with it.

    Raises:
        UnreachableError: It is in an engine, which cannot be reached.
    """
    names = [place.with_name(f"{place.name}.{ending}") for ending in ("faiss", "stamp.json")]
    there = [one.name for one in names if one.exists()]
    if not is_in_engine(place.parent) and len(there) < len(names):
        return None, f"there is {there[0]} only" if there else ""
    try:
        store = open_store(place, space)
        store.verify()
    except UnreachableError:
        raise
    except StorageError as error:
        return None, str(error)
    is_gone = bool(there) and store.watermark() is None
    return store, "its files came and went" if is_gone else ""


def _of_another_time(
    file: CatalogFile, change: int, token: str | None, what: str
) -> Iterator[Finding]:
    """Tell why a catalogue does not know the change that something was saved at."""
    if change > file.change():
        with file.later() as now:
            if token == now.token(change):
                return  # saved since this examination began
    if 0 < change < file.change() - _CHANGES_KEPT:
        yield fact("index", f"{what} old and will be made anew")
    else:
        yield _index(f"{what} of another history of the catalogue")


def _misfits(
    file: CatalogFile, kind: Kind, mark: Watermark, view: VectorView, vectors: StoredVectors
) -> Iterator[str]:
    """Say how what was saved is not what the catalogue had by then."""
    name, ids = f"the saved {kind} index", view.ids()
    expected = vectors.ids[vectors.ids <= mark.last_id]
    damaged = vectors.ids[~vectors.is_whole]  # these are left out when it is made
    if len(lost := np.setdiff1d(np.setdiff1d(expected, damaged), ids)):
        yield f"{name} lacks parts: {some(lost.tolist())}"
    extra = np.setdiff1d(ids, expected)
    query = "SELECT part_id FROM removed_parts WHERE change > ?"
    removed = np.array([row[0] for row in file.rows(query, mark.change)], np.int64)
    if len(strange := np.setdiff1d(extra, removed)):
        yield f"{name} has parts that the catalogue does not know: {some(strange.tolist())}"


def _differing(view: VectorView, mark: Watermark, vectors: StoredVectors) -> Int64Array:
    """Return the parts whose vectors are not the same in both.

    They are the same bits in a flat index, and rounded to float16 in lists.
    """
    found, rows = view.rows(vectors.ids[vectors.ids <= mark.last_id])
    if not len(found):
        return found
    places, _ = places_in(vectors.ids, found)
    stored = vectors.rows[places]
    if view.rounding:
        step = np.maximum(np.abs(stored) * 2.0**-11, 2.0**-25)
        differ = ~(np.abs(rows - stored) <= step).all(axis=1)
    else:
        differ = (rows.view(np.uint32) != stored.view(np.uint32)).any(axis=1)
    return np.asarray(found[differ])


def _disagreement(file: CatalogFile, kind: Kind, differ: Int64Array) -> Finding:
    """Tell of vectors that are two, and of which is right where checksums say so."""
    message = (
        f"the saved {kind} index and the catalogue have different vectors of parts: "
        f"{some(differ.tolist())}"
    )
    if has_table(file, "vector_checksums") and all(
        _is_whole(file, part) for part in differ.tolist()
    ):
        return _index(f"{message}; those of the catalogue are whole")
    remedy = "index what they are of again, or restore the collection from a backup"
    return Finding("index", f"{message}; one of the two is damaged", remedy)


def _is_whole(file: CatalogFile, part: int) -> bool:
    query = (
        "SELECT vector, crc32 FROM vectors JOIN vector_checksums USING (part_id) WHERE part_id = ?"
    )
    return any(zlib.crc32(vector) == crc32 for vector, crc32 in file.rows(query, part))


def _caught_up(store: VectorStore, file: CatalogFile, vectors: StoredVectors) -> VectorView:
    change = file.change()
    store.retire(np.setdiff1d(store.at(change).ids(), vectors.ids), died=change)
    return store.at(change)


def _wrong_answers(kind: Kind, view: VectorView, vectors: StoredVectors) -> Iterator[str]:
    """Compare answers of the index with those of brute force, for parts and for random queries."""
    if not len(vectors.ids):
        return
    rng = np.random.default_rng(0)
    sample = rng.choice(len(vectors.ids), min(_SAMPLE, len(vectors.ids)), replace=False)
    noise = rng.standard_normal((_RANDOM, vectors.rows.shape[1])).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    queries = np.ascontiguousarray(np.concatenate([vectors.rows[sample], noise]))
    k = min(_K, len(vectors.ids))
    scores_qn = products(queries, vectors.rows)
    best_qk = -np.sort(-scores_qn, axis=1)[:, :k]
    found = view.search(queries, k, exact=True)
    wrong = [
        number
        for number, (one, best) in enumerate(zip(found, best_qk, strict=True))
        if len(one.scores) < k or np.abs(one.scores - best).max() > _ROUNDING + view.rounding
    ]
    if wrong:
        count = f"{len(wrong)} of {len(queries)} queries"
        yield f"the {kind} index answers {count} otherwise than a scan"
    near = view.search(queries[: len(sample)], 1)
    own = vectors.ids[sample]
    lost = [
        int(part)
        for part, one in zip(own, near, strict=True)
        if not len(one.scores) or (one.part_ids[0] != part and one.scores[0] < 1 - 1e-3)
    ]
    if lost:
        yield f"parts are not found by their own vectors in the {kind} index: {some(lost)}"


def _check_likeness(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    """Find saved fingerprints that are damaged, or that are not those of the catalogue."""
    if found := list(_likeness_findings(folder, file)):
        time.sleep(_PAUSE_S)  # perhaps somebody is just saving them
        found = list(_likeness_findings(folder, file))
    yield from found


def _likeness_findings(folder: Path, file: CatalogFile) -> Iterator[Finding]:
    names = ("likeness.faiss", "likeness.hashes", "likeness.stamp.json")
    features, hashes, stamp_file = (folder / name for name in names)
    there = [name for name in names if (folder / name).exists()]
    if not there:
        return
    if len(there) < len(names):
        yield _index(f"of the saved fingerprints there is {', '.join(there)} only")
        return
    try:
        stamp = json.loads(stamp_file.read_text())
        known = stamp["files"]
        data, count = hashes.read_bytes(), int(known["pictures"])
        with features.open("rb") as source:
            whole = hashlib.file_digest(source, "sha256").hexdigest()
        is_whole = known.get("whole", whole) == whole and features.stat().st_size == known["size"]
        if not is_whole or hashlib.sha256(data).hexdigest() != known["hashes"]:
            yield _index("the saved fingerprints are damaged: their stamp does not fit")
            return
        if stamp["token"] != file.token(int(stamp["change"])):
            change, token = int(stamp["change"]), stamp["token"]
            yield from _of_another_time(file, change, token, "the saved fingerprints are")
            return
        ids = np.frombuffer(data, "<i8", count)
        rows = np.frombuffer(data, np.uint8, offset=8 * count).reshape(count, -1)
        last, filled = int(stamp["last_part_id"]), int(stamp["filled"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield _index(f"the stamp of the saved fingerprints is damaged ({error})")
        return
    if filled != int(file.value("likenesses_filled") or 0):
        return  # of pictures whose fingerprints came later; it is made anew
    stored = dict(file.rows("SELECT part_id, hash FROM likenesses WHERE part_id <= ?", last))
    for part in damaged_fingerprints(file):
        stored.pop(part, None)  # these are left out when it is made
    saved = {int(one): row.tobytes() for one, row in zip(ids, rows, strict=True)}
    wrong = [part for part, hashed in stored.items() if saved.get(part) != hashed]
    if wrong:
        yield _index(f"the saved fingerprints of parts are not the catalogue's: {some(wrong)}")


def _index(message: str) -> Finding:
    return Finding("index", message, _REMEDY, repair="indices")
