"""Without the extra, whoever asks for the tools is told what to install."""

from pathlib import Path

import pytest

from api.container import Container
from api.http.app import create_app
from api.http.mcp import installation
from api.settings import read_settings
from binocle.errors import UsageError
from tests.support.shop import run_cli


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'binocle\[mcp\]'"):
        run_cli(tmp_path, "mcp")
    with pytest.raises(UsageError, match=r"pip install 'binocle\[mcp\]'"):
        create_app(Container(read_settings(home=tmp_path, mcp=True)))
    create_app(Container(read_settings(home=tmp_path)))  # who does not ask needs nothing
