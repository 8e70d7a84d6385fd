"""A collection's records, parts and space, and what other openers of the same folder see."""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.errors import NotFoundError, SpaceMismatchError, StorageError, UsageError
from binocle.types import Float32Array, Kind, Metadata, NewPart, NewRecord, Space
from tests.support.pairs import pairs_of

SPACE = Space("toy", 16, "ab" * 32)


def row_of(content: str) -> Float32Array:
    """Return a unit row that depends on the content alone."""
    rng = np.random.default_rng(list(sha256(content.encode()).digest()[:8]))
    return np.asarray(rng.choice([-0.25, 0.25], 16), np.float32)


def part(content: str, kind: Kind = "text", role: str = "body") -> NewPart:
    text = content if kind == "text" else None
    digest = sha256(content.encode()).digest()
    return NewPart(kind, role, f"mem:{content}", digest, row_of(content), text)


def record(key: str, *parts: NewPart, metadata: Metadata | None = None) -> NewRecord:
    return NewRecord(key, f"mem:{key}", metadata or {}, parts)


def nearest_keys(collection: Collection, kind: Kind, content: str, k: int = 3) -> list[str]:
    (ranking,) = collection.snapshot().nearest(kind, row_of(content)[np.newaxis], k)
    pairs = pairs_of(collection, ranking)
    return [pair[0].id for pair in pairs if pair is not None]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "toys", create=True) as opened:
        opened.claim_space(SPACE)
        yield opened


def _counts(collection: Collection) -> tuple[int, int]:
    snapshot = collection.snapshot()
    return snapshot.count_parts("image"), snapshot.count_parts("text")


def test_stored_record_comes_back(collection: Collection) -> None:
    metadata: Metadata = {"n": 1, "x": 0.5, "yes": True, "words": ["é", 2], "none": []}
    parts = (part("front", "image", "image"), part("wörds"), part("back", "image", "back"))
    collection.upsert([record("a", *parts, metadata=metadata)])
    found = collection.record("a")
    assert (found.id, found.uri, dict(found.metadata)) == ("a", "mem:a", dict(metadata))
    assert [type(value) for value in found.metadata.values()] == [int, float, bool, list, list]
    assert [(one.kind, one.role, one.uri, one.text) for one in found.parts] == [
        (one.kind, one.role, one.uri, one.text) for one in parts
    ]
    _, vectors = collection.vectors_of("a")
    assert np.array_equal(vectors["image"], [row_of("front"), row_of("back")])
    assert np.array_equal(vectors["text"], [row_of("wörds")])
    assert _counts(collection) == (2, 1)


def test_upsert_replaces_a_record_as_a_whole(collection: Collection) -> None:
    collection.upsert([record("a", part("one"), part("two"), metadata={"x": 1, "y": 2})])
    collection.upsert([record("a", part("three", "image"), metadata={"x": 3})])
    found = collection.record("a")
    assert dict(found.metadata) == {"x": 3}
    assert [one.uri for one in found.parts] == ["mem:three"]
    assert _counts(collection) == (1, 0)
    assert nearest_keys(collection, "text", "one") == []


def test_of_two_records_with_one_id_the_later_counts(collection: Collection) -> None:
    collection.upsert([record("a", part("one")), record("a", part("two"))])
    assert [one.uri for one in collection.record("a").parts] == ["mem:two"]
    assert _counts(collection)[1] == 1


def test_unchanged_parts_keep_their_id_and_changed_ones_get_larger_ids(
    collection: Collection,
) -> None:
    collection.upsert([record("a", part("one"), part("two"), part("two")), record("b", part("x"))])
    before = collection.record("a").parts
    newest = collection.snapshot().newest_part
    changed = [part("two"), part("new"), part("one"), part("one", role="title"), part("two")]
    collection.upsert([record("a", *changed)])
    after = collection.record("a").parts
    assert [one.uri for one in after] == [f"mem:{n}" for n in ("two", "new", "one", "one", "two")]
    assert {after[0].id, after[4].id} == {before[1].id, before[2].id}
    assert after[2].id == before[0].id
    assert after[1].id > newest, "another content is another part"
    assert after[3].id > newest, "another role is another part"
    assert collection.snapshot().newest_part == max(one.id for one in after)


def test_ids_of_removed_parts_are_not_used_again(collection: Collection) -> None:
    collection.upsert([record("a", part("one"))])
    old = collection.record("a").parts[0].id
    assert collection.remove(["a", "unknown"]) == 1
    assert collection.remove(["a"]) == 0
    collection.upsert([record("a", part("one"))])
    assert collection.record("a").parts[0].id > old


def test_removed_record_is_nowhere(collection: Collection) -> None:
    collection.upsert([record("a", part("one")), record("b", part("two"))])
    assert nearest_keys(collection, "text", "one")[0] == "a"
    collection.remove(["a"])
    assert nearest_keys(collection, "text", "one") == ["b"]
    assert _counts(collection) == (0, 1)
    with pytest.raises(NotFoundError, match="'toys' has no record 'a'"):
        collection.record("a")
    with pytest.raises(NotFoundError, match="'a'"):
        collection.vectors_of("a")


def test_metadata_json_cannot_hold_is_refused_and_nothing_stored(collection: Collection) -> None:
    good, bad = record("a", part("one")), record("b", metadata={"x": float("nan")})
    with pytest.raises(UsageError, match="'x' is nan"):
        collection.upsert([good, bad])
    with pytest.raises(NotFoundError):
        collection.record("a")


def test_transaction_that_fails_stores_nothing(collection: Collection) -> None:
    good = record("a", part("one"))
    broken = NewPart("text", "body", "mem:x", None, row_of("x"))  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        collection.upsert([good, record("b", broken)])
    assert _counts(collection) == (0, 0)
    collection.upsert([good])
    assert nearest_keys(collection, "text", "one") == ["a"]


def test_missing_collection_is_not_found_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no collection at"):
        Collection(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("where", ["new_catalog", "new_vectors"])
def test_where_a_server_refuses_no_folder_is_left(tmp_path: Path, where: str) -> None:
    nowhere = f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    with pytest.raises(StorageError, match="cannot be reached"):
        Collection(tmp_path / "new", create=True, **{where: nowhere})  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_space_of_another_model_is_refused_by_name(collection: Collection) -> None:
    assert collection.space == SPACE
    collection.claim_space(Space("renamed", 16, SPACE.fingerprint))
    assert collection.space == SPACE
    with pytest.raises(SpaceMismatchError, match=r"'toys'.*'toy', not with 'other'"):
        collection.claim_space(Space("other", 16, "cd" * 32))
    with pytest.raises(SpaceMismatchError, match="'toy', not with another version of it"):
        collection.claim_space(Space("toy", 16, "cd" * 32))
    assert collection.space == SPACE


def test_collection_without_vectors_finds_nothing(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as empty:
        assert empty.space is None
        assert nearest_keys(empty, "image", "x") == []
        assert empty.snapshot().newest_part == 0
        empty.save_indices()


def test_second_opener_sees_changes_with_its_next_search(collection: Collection) -> None:
    with Collection(collection.path) as other:
        assert nearest_keys(other, "text", "one") == []
        collection.upsert([record("a", part("one")), record("b", part("two"))])
        assert nearest_keys(other, "text", "one", 1) == ["a"]
        collection.upsert([record("a", part("three"))])
        assert nearest_keys(other, "text", "three", 1) == ["a"]
        collection.remove(["a"])
        assert nearest_keys(other, "text", "three", 5) == ["b"]
        other.upsert([record("c", part("three"))])
        assert nearest_keys(collection, "text", "three", 5)[0] == "c"


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from binocle.collection.collection import Collection
from binocle.types import NewPart, NewRecord
row = np.array([0.25, -0.25] * 8, np.float32)
part = NewPart("text", "body", "mem:other", b"x" * 32, row, "other")
with Collection(Path(sys.argv[1])) as collection:
    print(len(collection.snapshot().nearest("text", row[np.newaxis], 10)[0].record_ids))
    collection.upsert([NewRecord("from another process", "mem:", {}, (part,))])
    collection.remove(["a"])
"""


def test_other_process_sees_and_is_seen(collection: Collection) -> None:
    collection.upsert([record("a", part("one")), record("b", part("two"))])
    assert len(nearest_keys(collection, "text", "one")) == 2
    command = [sys.executable, "-c", SCRIPT, str(collection.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "2"
    (ranking,) = collection.snapshot().nearest(
        "text", np.array([[0.25, -0.25] * 8], np.float32), 10
    )
    pairs = pairs_of(collection, ranking)
    assert [pair[0].id for pair in pairs if pair] == ["from another process", "b"]
