"""Captions in other languages belong to the pictures as these are numbered."""

import io
import tarfile
from pathlib import Path

from training.mini.languages.captions import load, pack


def archive(path: Path, files: dict[str, str], mode: str = "w") -> None:
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            data = text.encode()
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))


def test_they_are_packed_by_language_and_picture(tmp_path: Path) -> None:
    for part in ("train", "dev"):
        rows = "image,caption\nb.jpg,two dogs\na.jpg,a cat\nb.jpg,dogs\n"
        archive(tmp_path / f"flickr8k-{part}.tar", {f"flickr8k-{part}/captions.csv": rows})
    lines = ["a.jpg,zh,human,一只 猫", "b.jpg,de,human,zwei  Hunde", "c.jpg,de,human,x"]
    table = "\n".join(["image,lang,kind,caption", *lines]) + "\n"
    files = {f"flickr8k-multilingual/captions-{part}.csv": table for part in ("train", "dev")}
    archive(tmp_path / "flickr8k-multilingual.tar.gz", files, "w:gz")
    pack(tmp_path, tmp_path)
    found = load(tmp_path, "train", 2)
    assert (found["zh"].texts, found["zh"].pictures) == (["一只 猫"], [1])
    assert (found["de"].texts, found["de"].pictures) == (["zwei Hunde"], [0])
    assert found["fr"].texts == []
    assert load(tmp_path, "dev", 1)["zh"].texts == []
