"""What is installed is what is here, it is enough, and nothing else comes along."""

import json
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import httpx
import pytest

import binocle
from tests.support import ROOT
from tests.support.installation import build_wheel, install
from tests.support.service import free_port, ready

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


def test_the_client_has_the_version_of_the_service() -> None:
    settings = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["version"] == binocle.__version__


@pytest.mark.long
@pytest.mark.slow
def test_the_wheel_alone_indexes_searches_and_serves(tmp_path: Path, photos: Path) -> None:
    wheel = build_wheel(tmp_path)
    inside = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in inside if not name.endswith(".dist-info")} == set(PACKAGES)
    programs = install(wheel, tmp_path / "installed")
    environment = {
        "BINOCLE_HOME": str(tmp_path / "home"),
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(tmp_path),
    }

    def run(*command: object) -> str:
        return subprocess.run(
            [*map(str, command)],
            cwd=tmp_path, env=environment, check=True, text=True, stdout=subprocess.PIPE,
        ).stdout  # fmt: skip

    places = "import api, binocle, search; print(api.__file__, binocle.__file__, search.__file__)"
    where = run("python", "-c", places).split()
    assert all(Path(one).is_relative_to(tmp_path / "installed") for one in where), where
    assert json.loads(run("binocle", "index", photos, "--json"))["runs"][0]["added"] == 20
    found = json.loads(run("binocle", "search", "red", "-k", 3, "--json"))["hits"]
    assert len(found) == 3
    port = free_port()
    command = [str(programs / "binocle"), "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
    ) as served:
        try:
            url = ready(served, port)
            answer = httpx.get(
                f"{url}/v1/collections/default/search", params={"q": "red", "limit": 3}, timeout=60
            )
            assert [hit["id"] for hit in answer.json()["hits"]] == [hit["id"] for hit in found]
            page = httpx.get(url)
            (version,) = set(re.findall(r"/page/(\w+)/", page.text))
            for one in (ROOT / "api" / "page").rglob("*"):
                if one.is_file() and one.name != "index.html":
                    path = one.relative_to(ROOT / "api" / "page").as_posix()
                    file = httpx.get(f"{url}/page/{version}/{path}")
                    assert (file.status_code, file.content) == (200, one.read_bytes()), path
        finally:
            served.terminate()
