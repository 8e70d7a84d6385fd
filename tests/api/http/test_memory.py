"""What hostile uploads take, they give back."""

import os
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import ROOT, picture_bytes
from tests.support.service import free_port, served

_HOSTILE = ROOT.parent / "shared" / "data" / "hostile.tar"
_BODY_BYTES = 100 * 1024 * 1024
_ALLOWED_MB = 150
_TIDY = """
from api.cli.main import main
from api.http.runtime import upkeep
upkeep._EVERY_S = 2
main()
"""  # the usual minute is not waited for


def memory_mb(root: int) -> float:
    """Return the resident memory of a process and all below it."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it has just ended
            continue
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    pages = 0
    for pid in tree:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def hostile() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(_HOSTILE) as archive:
        for member in archive:
            if member.isfile():
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()


def store(client: Client, files: list[tuple[str, bytes]]) -> int:
    """Store pictures, a few in a call; return how many were refused."""
    failed = 0
    for start in range(0, len(files), 16):
        records = [
            RecordBody(id=re.sub(r"[^\w.]", "_", name), images=[picture(data)])
            for name, data in files[start : start + 16]
            if len(data) > 3
        ]
        failed += client.store("c", records).failed
    return failed


def send_large_bodies(url: str) -> list[int]:
    """Send bodies of 100 MB: JSON, chunked, a form; return the answers' statuses."""
    piece = b"A" * 2**20
    path = f"{url}/v1/collections/c/records"
    statuses = []

    def chunks() -> Iterator[bytes]:
        yield b'{"records": [{"id": "x", "images": ["'
        for _ in range(_BODY_BYTES // len(piece)):
            yield piece

    def form() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
        yield from chunks()

    for content, headers in (
        (piece * 100, {"Content-Type": "application/json"}),
        (chunks(), {"Content-Type": "application/json"}),
        (form(), {"Content-Type": "multipart/form-data; boundary=b"}),
    ):
        try:
            statuses.append(httpx.post(path, content=content, headers=headers).status_code)
        except httpx.TransportError:  # refused and closed while the rest was still being sent
            statuses.append(413)
    return statuses


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(not _HOSTILE.is_file(), reason=f"needs {_HOSTILE.name} beside the project")
def test_memory_returns_after_hostile_uploads(tmp_path: Path) -> None:
    port = free_port()
    files = list(hostile())
    largest = 60 * 2**20 * 3 // 4  # in base64 just below the limit to bodies
    with (
        served(
            tmp_path / "home", port, program=("-c", _TIDY), decode_timeout_s="4"
        ) as process,  # four of these uploads take so long
        Client(f"http://127.0.0.1:{port}") as client,
    ):
        client.put_collection("c")
        store(client, [(f"p{number}", picture_bytes(number)) for number in range(64)])
        client.search("c", "red")
        before = memory_mb(process.pid)
        failed = store(client, files)
        for _ in range(2):
            assert send_large_bodies(f"http://127.0.0.1:{port}") == [413] * 3
            for filler in (b"\0", b"\xff\xd8\xff"):
                with pytest.raises(ClientError) as caught:
                    client.search_image("c", filler * (largest // len(filler)))
                assert caught.value.status in (413, 422)
                records = [RecordBody(id="x", images=[picture(filler * (largest // len(filler)))])]
                assert client.store("c", records).failed == 1
        assert failed > 100
        assert len(client.search("c", "red").hits) == 10
        deadline = time.monotonic() + 60
        while (after := memory_mb(process.pid)) > before + _ALLOWED_MB:
            assert time.monotonic() < deadline, f"{before:.0f} MB before, {after:.0f} MB after"
            time.sleep(0.5)
