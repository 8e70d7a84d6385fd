"""A manifest is read as it was written, or refused."""

import pytest

from api.operations.backup.manifest import BackedUp, Manifest, StoredFile
from binocle.errors import StorageError

WHOLE = Manifest(
    {"c": BackedUp("2026-01-01T00:00:00+00:00", 3, 2, (StoredFile("a", 1, "ab" * 32),), ("x",))},
    StoredFile("keys.json", 5, "cd" * 32),
)


def test_manifest_comes_back() -> None:
    assert Manifest.of_bytes(WHOLE.to_bytes(), "here") == WHOLE
    assert [one.path for one in WHOLE.files()] == ["a", "keys.json"]


@pytest.mark.parametrize("place", [0, 20, 60, 150])
def test_a_flipped_bit_is_noticed(place: int) -> None:
    data = bytearray(WHOLE.to_bytes())
    data[place] ^= 1
    with pytest.raises(StorageError, match="damaged"):
        Manifest.of_bytes(bytes(data), "here")


def test_newer_format_is_refused_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.operations.backup.manifest._FORMAT", 9)
    data = WHOLE.to_bytes()
    monkeypatch.undo()
    with pytest.raises(StorageError, match="newer Binocle"):
        Manifest.of_bytes(data, "here")
