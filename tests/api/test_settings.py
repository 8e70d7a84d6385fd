"""Settings are refused in a line that says what to do."""

from pathlib import Path

import pytest

from api.settings import read_settings
from binocle.errors import UsageError


def test_backups_go_to_a_folder_and_not_to_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job would replace the archive, and with it the backups of all other collections."""
    monkeypatch.setenv("BINOCLE_BACKUPS", str(tmp_path / "all.tar.zst"))
    with pytest.raises(UsageError, match="name a folder") as caught:
        read_settings(home=tmp_path)
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_folder_of_backups_may_be_in_the_home_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BINOCLE_BACKUPS", "~/backups")
    assert read_settings(home=tmp_path).backups == tmp_path / "backups"
    monkeypatch.setenv("BINOCLE_BACKUPS", "~nobody-of-this-name/backups")
    with pytest.raises(UsageError, match="home"):
        read_settings(home=tmp_path)


def test_sources_may_be_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINOCLE_SOURCES", f"{tmp_path}, s3://bucket/shop/,https://host:8080/a")
    sources = read_settings(home=tmp_path).sources
    assert sources == (tmp_path, "s3://bucket/shop", "https://host:8080/a")
    monkeypatch.setenv("BINOCLE_SOURCES", f"{tmp_path}:/other")
    assert read_settings(home=tmp_path).sources == (tmp_path, Path("/other"))
    monkeypatch.setenv("BINOCLE_SOURCES", "https://u:s3cr3t@host/a")
    with pytest.raises(UsageError, match="credentials come from the environment") as refused:
        read_settings(home=tmp_path)
    assert "s3cr3t" not in str(refused.value)
