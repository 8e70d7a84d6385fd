"""Damages that are planted in a collection, each with the check that has to find it."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from api.operations.doctor.examination import examine_collection
from api.operations.hash_lists.kept_lists import add_list
from binocle.catalog import damage
from binocle.catalog.checks.findings import Finding
from binocle.collection.collection import Collection
from binocle.collection.indexing_lock import LOCK
from binocle.files import make_folder
from binocle.types import Float32Array
from search.copies.hash_lists.hash_list import HashList

Plant = Callable[[Path], object]


def damages(folder: Path) -> list[Finding]:
    return [one for one in examine_collection(folder) if one.level == "damage"]


def catalog(*statements: str) -> Plant:
    """Return what changes the catalogue without what keeps it whole."""

    def plant(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
            database.execute("PRAGMA foreign_keys=OFF")
            for statement in statements:
                database.execute(statement)

    return plant


def vector(change: Callable[[Float32Array], Float32Array]) -> Plant:
    def plant(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
            part, data = database.execute("SELECT part_id, vector FROM vectors").fetchone()
            row = change(np.frombuffer(data, "<f4").copy())
            update = "UPDATE vectors SET vector = ? WHERE part_id = ?"
            database.execute(update, (row.astype("<f4").tobytes(), part))

    return plant


def flipped(row: Float32Array) -> Float32Array:
    bits = row.view(np.uint32)
    bits[np.flatnonzero(row)[0]] ^= 1
    return row


def with_first(value: float) -> Callable[[Float32Array], Float32Array]:
    def change(row: Float32Array) -> Float32Array:
        row[0] = value
        return row

    return change


def flip_features(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        query = "SELECT part_id, features FROM likenesses WHERE length(features) > 0"
        part, features = database.execute(query).fetchone()
        changed = bytes([features[0] ^ 1]) + features[1:]
        database.execute("UPDATE likenesses SET features = ? WHERE part_id = ?", (changed, part))


def on(pattern: str, change: Callable[[Path], object]) -> Plant:
    return lambda folder: change(min(folder.glob(pattern)))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write(name: str, data: bytes = b"something") -> Plant:
    def plant(folder: Path) -> None:
        make_folder((folder / name).parent)
        (folder / name).touch(0o600)
        (folder / name).write_bytes(data)

    return plant


def aside(path: Path) -> None:
    folder = path.parents[2]
    to = folder / "quarantine" / path.relative_to(folder)
    make_folder(to.parent)
    path.rename(to)


def link(path: Path) -> None:
    path.rename(path.parents[3] / path.name)
    path.symlink_to(path.parents[3] / path.name)


def hash_list(change: Callable[[Path], object]) -> Plant:
    def plant(folder: Path) -> None:
        with Collection(folder) as collection:
            hashes = tuple(f"{number:02x}" * 32 for number in range(20))
            add_list(collection, "shared", HashList("", hashes, ("",) * 20))
        assert damages(folder) == []
        change(folder / "shared.hashes.csv")

    return plant


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def lock_as_folder(folder: Path) -> None:
    (folder / LOCK).unlink(missing_ok=True)
    (folder / LOCK).mkdir(0o700)


def wipe_a_page(folder: Path) -> None:
    path = folder / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = 'parts'"
        (page,) = database.execute(query).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(40))


def older(folder: Path) -> None:
    shutil.copy(folder / "catalog.sqlite", folder.parent / "older")
    with Collection(folder) as collection:
        collection.remove(["g1"])
    shutil.move(folder.parent / "older", folder / "catalog.sqlite")


def stamp(**values: object) -> Plant:
    def plant(folder: Path) -> None:
        path = folder / "image.stamp.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return plant


_KEY = "UPDATE records SET key = CAST(x'ff41' AS TEXT) WHERE id = 1"
_DRAFT = f"image.faiss.{2**22 + 7}.1.tmp"
_NAMED = b'{"format": 1, "address": "postgresql+psycopg://u@127.0.0.1:1/d", "schema": "binocle_x"}'
DAMAGES: dict[str, tuple[str, Plant]] = {
    "catalogue gone": ("catalogue", on("catalog.sqlite", Path.unlink)),
    "catalogue empty": ("catalogue", write("catalog.sqlite", b"")),
    "catalogue cut off": ("catalogue", on("catalog.sqlite", cut)),
    "catalogue no database": ("catalogue", write("catalog.sqlite", b"no database" * 999)),
    "catalogue page wiped": ("catalogue-integrity", wipe_a_page),
    "catalogue older": ("mark", older),
    "mark of another history": ("mark", write("catalog.mark", b'{"newest": "1 x", "crc32": 1}')),
    "format newer": (
        "catalogue-format", catalog("UPDATE meta SET value = 99 WHERE key = 'format'")),
    "table dropped": ("catalogue-schema", catalog("DROP TABLE points")),
    "index dropped": ("catalogue-schema", catalog("DROP INDEX parts_by_content")),
    "move cut off": ("catalogue-move", catalog(damage.REFUSE)),
    "trigger added": ("catalogue-schema", catalog(
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM parts; END")),
    "part without record": (
        "catalogue-references", catalog("UPDATE parts SET record_id = 9999 WHERE id = 1")),
    "record lost": ("catalogue-references", catalog("DELETE FROM records WHERE key = 'g2'")),
    "counter behind": (
        "catalogue-counters", catalog("UPDATE meta SET value = 2 WHERE key = 'next_part_id'")),
    "change behind": (
        "catalogue-counters", catalog("UPDATE meta SET value = 1 WHERE key = 'change'")),
    "live part noted as removed": (
        "catalogue-counters", catalog("INSERT INTO removed_parts VALUES (1, 1)")),
    "counter no number": ("catalogue-counters", catalog(
        "INSERT OR REPLACE INTO meta VALUES ('likenesses_filled', 'x')")),
    "space lost": ("catalogue-space", catalog("DELETE FROM meta WHERE key = 'space'")),
    "space renamed": ("catalogue-space", catalog(
        "UPDATE meta SET value = replace(value, 'colour', 'colours') WHERE key = 'space'")),
    "source of another place": ("sources", catalog("UPDATE sources SET uri = uri || 'x'")),
    "source of another name": ("sources", catalog("UPDATE sources SET name = 'x' WHERE id = 1")),
    "source of another kind": ("sources", catalog("UPDATE sources SET kind = 'table'")),
    "metadata no JSON": ("records", catalog("UPDATE records SET metadata = '{' WHERE id = 1")),
    "id garbled": ("records", catalog(_KEY)),
    "text changed": (
        "parts", catalog("UPDATE parts SET text = text || '.' WHERE kind = 'text' AND id < 9")),
    "kind unknown": ("parts", catalog("UPDATE parts SET kind = 'smell' WHERE id = 1")),
    "upload of another name": (
        "parts", catalog(f"UPDATE parts SET uri = 'upload:{'ab' * 32}' WHERE id = 1")),
    "part of another uri": (
        "parts", catalog("UPDATE parts SET uri = replace(uri, 'o', 'p') WHERE id > 12")),
    "part of another role": ("parts", catalog("UPDATE parts SET role = 'x' WHERE id = 2")),
    "part in another place": ("parts", catalog("UPDATE parts SET position = 7 WHERE id = 2")),
    "picture of another content": ("parts", catalog(
        "UPDATE parts SET sha256 = zeroblob(32) WHERE kind = 'image' AND uri NOT LIKE 'upload:%'")),
    "picture info lost": ("parts", catalog("UPDATE parts SET info = NULL WHERE kind = 'image'")),
    "vector lost": ("vectors", catalog("DELETE FROM vectors WHERE part_id = 3")),
    "vector short": ("vectors", vector(lambda row: row[:-1])),
    "vector not finite": ("vectors", vector(with_first(float("nan")))),
    "vector no unit row": ("vectors", vector(lambda row: row * 3)),
    "vector with a flipped bit": ("vectors", vector(flipped)),
    "colour no colour": ("parts", catalog("UPDATE picture_colours SET colour = '#00ff0'")),
    "picture info changed": ("parts", catalog(
        "UPDATE parts SET info = replace(info, 'jpeg', 'jpef') WHERE kind = 'image'")),
    "hash with a flipped bit": (
        "fingerprints", catalog("UPDATE likenesses SET hash = zeroblob(32) WHERE part_id = 1")),
    "features with a flipped bit": ("fingerprints", flip_features),
    "fingerprint short": ("fingerprints", catalog("UPDATE likenesses SET hash = x'00'")),
    "ledger ahead": ("ledger", catalog(
        "DELETE FROM written_labels", "UPDATE items SET record_key = 'nobody'")),
    "field of no type": ("fields", catalog("UPDATE fields SET declared = 'colour'")),
    "rules changed": ("rules", catalog("INSERT INTO rules VALUES (1, '{', 'ab', '', '')")),
    "value for filters changed": (
        "metadata", catalog("UPDATE attributes SET number = 99 WHERE number = 3")),
    "value for filters lost": ("metadata", catalog("DELETE FROM attributes WHERE text = 'new'")),
    "metadata changed": ("metadata", catalog(
        "UPDATE records SET metadata = replace(metadata, '2024', '2025')")),
    "word row lost": ("words", catalog("DELETE FROM words WHERE words MATCH 'scarf'")),
    "word row changed": ("words", catalog("UPDATE words SET text = 'other'")),
    "word index wiped": ("words", catalog("DELETE FROM words_data WHERE id > 10")),
    "vocabulary lost": ("words", catalog("DELETE FROM vocabulary WHERE word = 'wool'")),
    "words out of step": ("words", catalog("UPDATE meta SET value = '3:1' WHERE key = 'words'")),
    "index with a flipped bit": ("index", on("image.faiss", flip)),
    "index cut off": ("index", on("text.faiss", cut)),
    "index without stamp": ("index", on("image.stamp.json", Path.unlink)),
    "stamp no JSON": ("index", write("image.stamp.json")),
    "stamp of another model": ("index", stamp(space="ab" * 32)),
    "stamp of another history": ("index", stamp(token="ab" * 8)),
    "stamp says more": ("index", stamp(last_part_id=10**6, change=1)),
    "fingerprints with a flipped bit": ("index", on("likeness.faiss", flip)),
    "fingerprint hashes with a flipped bit": ("index", on("likeness.hashes", flip)),
    "fingerprints without stamp": ("index", on("likeness.stamp.json", Path.unlink)),
    "upload lost": ("uploads", on("uploads/??/*", Path.unlink)),
    "upload with a flipped bit": ("uploads", on("uploads/??/*", flip)),
    "upload empty": ("uploads", on("uploads/??/*", lambda path: path.write_bytes(b""))),
    "upload in quarantine": ("uploads", on("uploads/??/*", aside)),
    "upload of no record": ("uploads", write(f"uploads/ab/{'ab' * 32}")),
    "file among the uploads": ("uploads", write("uploads/readme.txt")),
    "upload cannot be read": ("permissions", on("uploads/??/*", lambda path: path.chmod(0))),
    "catalogue open to all": ("permissions", on("catalog.sqlite", lambda path: path.chmod(0o666))),
    "key of cursors readable": ("permissions", on("signing.key", lambda path: path.chmod(0o644))),
    "key of cursors cut off": ("queries", on("signing.key", cut)),
    "earlier queries damaged": ("queries", write("turns.sqlite", b"no database" * 999)),
    "thumbnail of no record": ("derived", write(f"thumbnails/ab/{'ab' * 32}-256.jpg")),
    "thumbnail cut off": ("derived", on("thumbnails/??/*", cut)),
    "thumbnail a link": ("derived", on("thumbnails/??/*", link)),
    "tuning damaged": ("derived", write("image.tuned.json", b'{"share": 2}')),
    "background damaged": ("derived", write("background.npz")),
    "hash list with a changed digit": ("hash-lists", hash_list(flip)),
    "hash list cut off": ("hash-lists", hash_list(cut)),
    "hash list empty": ("hash-lists", write("shared.hashes.csv", b"")),
    "hash list a pipe": (
        "hash-lists", hash_list(as_pipe)),
    "catalogue named beside a file": ("catalogue", write("catalog.postgresql", _NAMED)),
    "catalogue named by no note": ("catalogue", write("catalog.postgresql")),
    "lock no file": ("lock", lock_as_folder),
    "half written": ("leftovers", write(_DRAFT)),
}  # fmt: skip


def of_checks(*checks: str) -> dict[str, Plant]:
    """Return the damages that some checks have to find."""
    return {name: plant for name, (check, plant) in DAMAGES.items() if check in checks}


def is_found(folder: Path, name: str) -> bool:
    """Plant a damage; tell whether the check that is about it finds it, with what to do."""
    check, plant = DAMAGES[name]
    plant(folder)
    found = damages(folder)
    assert all(one.message and one.remedy for one in found)
    return check in {one.check for one in found}
