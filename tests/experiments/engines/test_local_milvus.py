import lzma
import os
from pathlib import Path

from experiments.engines.local_milvus import _unpack


def test_program_is_unpacked_once_and_can_be_run(tmp_path: Path) -> None:
    packed, folder = tmp_path / "packed" / "server.so.1.lzma", tmp_path / "folder"
    packed.parent.mkdir()
    folder.mkdir()
    packed.write_bytes(lzma.compress(b"a program"))
    _unpack(folder, packed)
    program = folder / "server.so.1"
    assert program.read_bytes() == b"a program"
    assert os.access(program, os.X_OK)
    packed.write_bytes(b"damaged meanwhile")
    _unpack(folder, packed)
    assert [one.name for one in folder.iterdir()] == ["server.so.1"]
