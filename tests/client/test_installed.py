"""The client's wheel alone, in a project that has an ``api`` and a ``search`` of its own."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from binocle_client import Client, picture
from tests.support import ROOT
from tests.support.installation import build_wheel, install
from tests.support.service import Running

_PROJECT = {
    "api/__init__.py": "MINE = 'an api of my own'\n",
    "search/__init__.py": "MINE = 'a search of my own'\n",
    "main.py": """
import sys
import api, search
import binocle_client
from binocle_client import Client, ClientError, picture

with Client(sys.argv[1]) as client:
    print(api.MINE, search.MINE, sep="\\n")
    print(*[hit.id for hit in client.search("shelf", "red", limit=2).hits])
    print(client.lookup("shelf", sys.argv[2]).verdict)
    try:
        client.search("shelf", "red", limit=0)
    except ClientError as error:
        print(error.status, error.field)
print(binocle_client.__file__)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"binocle", "numpy", "pydantic"}))
""",
}


@pytest.mark.slow
def test_the_client_is_used_without_the_engine(
    service: Running, client: Client, pictures: list[bytes], tmp_path: Path
) -> None:
    client.put_collection("shelf")
    stored = client.store(
        "shelf", [{"id": str(n), "images": [picture(data)]} for n, data in enumerate(pictures)]
    )
    assert stored.failed == 0
    wheel = build_wheel(tmp_path, ROOT / "client")
    inside = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in inside if not name.endswith(".dist-info")} == {"binocle_client"}
    assert "binocle_client/py.typed" in zipfile.ZipFile(wheel).namelist()
    programs = install(wheel, tmp_path / "installed")
    packages = {path.name for path in tmp_path.glob("installed/lib/python*/site-packages/*")}
    assert not packages & {"numpy", "pydantic", "torch", "binocle", "api", "search"}
    project = tmp_path / "project"
    for name, text in _PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    file = tmp_path / "picture.jpg"
    file.write_bytes(pictures[3])
    shown = subprocess.run(
        [str(programs / "python"), "main.py", service.url, str(file)],
        cwd=project, env={}, check=True, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    mine, also_mine, found, verdict, refused, place, engine = shown.stdout.split("\n")[:7]
    assert (mine, also_mine) == ("an api of my own", "a search of my own")
    assert found.split() == [hit.id for hit in client.search("shelf", "red", limit=2).hits]
    assert verdict == "same-file"
    assert refused == "422 limit"
    assert Path(place).is_relative_to(tmp_path / "installed")
    assert engine == ""
