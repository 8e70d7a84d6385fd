"""What is installed is what is here: files that are no code come along."""

import tomllib

from tests.support import ROOT

PACKAGES = ("binocle", "indexer", "search", "api", "evaluation", "training")


def test_every_data_file_of_a_package_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = {
        path
        for package, patterns in settings["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    data = {
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert data
    assert data <= packed
