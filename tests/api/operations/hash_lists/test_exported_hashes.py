"""A collection's own hashes as a list, on disk while it is downloaded."""

import io
import os
from collections.abc import Iterator

import numpy as np
import pytest

from api.operations.hash_lists.exported_hashes import exported, write_hashes
from api.operations.hash_lists.kept_lists import OwnHash
from binocle.fingerprints.pdq import pdq_of
from tests.support.drawings import drawn

OWN = [OwnHash("=a", pdq_of(np.asarray(drawn(1)))), OwnHash("gone", "it was moved")]


def test_what_has_no_hash_is_left_out_and_ids_are_no_formulas() -> None:
    found = exported(iter(OWN))
    assert (found.written, [one.record_id for one in found.lost]) == (1, ["gone"])
    text = b"".join(found.pieces())
    assert text == b"".join(found.pieces())
    assert len(text) == found.size_bytes
    assert text.decode().splitlines()[1].endswith(",'=a")
    descriptor = found.descriptor
    del found
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)
    lines = io.StringIO()
    write_hashes(lines, OWN, plain=True)
    assert not isinstance(OWN[0].hash, str)
    assert lines.getvalue() == f"{OWN[0].hash.text}\n"


def test_what_is_broken_off_leaves_no_file_open() -> None:
    def broken() -> Iterator[OwnHash]:
        yield OWN[0]
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        exported(broken())
