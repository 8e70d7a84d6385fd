"""What can be made anew is sound when it was repaired."""

import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from api.operations.doctor.examination import examine
from api.operations.doctor.repair import planned, repair
from binocle.collection.collection import Collection
from binocle.types import ImageInfo, NewPart, NewRecord
from tests.support.damages import DAMAGES, damages, older, write
from tests.support.sound_collection import NAME, opened, uploads_of

MENDED = {
    "move cut off": "move", "mark of another history": "mark",
    "catalogue older": "mark derived indices",
    "index dropped": "schema", "features with a flipped bit": "fingerprints",
    "fingerprint short": "fingerprints indices", "hash with a flipped bit": "fingerprints indices",
    "picture info lost": "facts", "picture info changed": "facts",
    "value for filters changed": "metadata", "value for filters lost": "metadata",
    "metadata changed": "metadata", "word row lost": "words", "word row changed": "words",
    "word index wiped": "words", "vocabulary lost": "words", "words out of step": "words",
    "index with a flipped bit": "indices", "index cut off": "indices",
    "index without stamp": "indices", "stamp no JSON": "indices",
    "stamp of another model": "indices", "stamp of another history": "indices",
    "stamp says more": "indices", "fingerprints with a flipped bit": "indices",
    "fingerprint hashes with a flipped bit": "indices", "fingerprints without stamp": "indices",
    "upload in quarantine": "uploads", "upload of no record": "orphans",
    "file among the uploads": "orphans", "upload cannot be read": "permissions",
    "catalogue open to all": "permissions", "key of cursors readable": "permissions",
    "key of cursors cut off": "queries", "earlier queries damaged": "queries",
    "thumbnail of no record": "derived", "thumbnail cut off": "derived",
    "background damaged": "derived", "thumbnail a link": "derived", "tuning damaged": "derived",
    "half written": "temporary",
}  # fmt: skip


@pytest.mark.parametrize(("name", "repairs"), MENDED.items(), ids=MENDED)
def test_what_can_be_repaired_is_sound_then(
    home: Path, folder: Path, name: str, repairs: str
) -> None:
    DAMAGES[name][1](folder)
    diagnosis = examine(opened(home), [NAME])[1]
    wanted = planned(diagnosis)
    assert set(wanted) <= set(repairs.split())
    repair(diagnosis, wanted)
    assert damages(folder) == []
    with Collection(folder) as collection, collection.reading() as session:
        assert session.records.count() > 10


def test_facts_of_a_picture_that_is_gone_stay_damaged_and_it_is_told(
    home: Path, folder: Path
) -> None:
    DAMAGES["picture info changed"][1](folder)
    uploads_of(home)[0].write_bytes(b"another")
    diagnosis = examine(opened(home), [NAME])[1]
    repair(diagnosis, planned(diagnosis))
    (left,) = [one for one in damages(folder) if one.check == "parts"]
    assert "what pictures say of themselves is damaged: 1: g" in left.message


def orphan(content: bytes) -> str:
    name = sha256(content).hexdigest()
    return f"uploads/{name[:2]}/{name}"


def test_upload_whose_record_is_being_stored_is_not_put_aside(home: Path, folder: Path) -> None:
    path = folder / orphan(b"new")
    write(orphan(b"new"), b"new")(folder)
    diagnosis = examine(opened(home), [NAME])[1]
    worker = threading.Thread(target=repair, args=(diagnosis, planned(diagnosis)))
    with Collection(folder) as collection:
        space = collection.space
        assert space is not None
        row = np.eye(1, space.dimension, dtype=np.float32)[0]
        part = NewPart("image", "image", f"upload:{path.name}", sha256(b"new").digest(), row,
                       info=ImageInfo(1, 1, 3, "png"))  # fmt: skip
        with collection.writing() as session:
            worker.start()
            worker.join(1)
            session.records.upsert([NewRecord("new", "new", {}, (part,))])
        worker.join(60)
    assert path.read_bytes() == b"new"


def test_so_many_uploads_without_a_record_are_believed_to_have_lost_it(
    home: Path, folder: Path
) -> None:
    for number in range(21):
        write(orphan(b"%d" % number), b"%d" % number)(folder)
    diagnosis = examine(opened(home), [NAME])[1]
    (found,) = diagnosis.findings
    assert "compare the catalogue with a backup" in found.remedy
    assert planned(diagnosis) == []
    before = uploads_of(home)
    repair(diagnosis, ["orphans"])
    assert uploads_of(home) == before


def test_uploads_are_not_judged_by_a_catalogue_that_may_be_the_wrong_one(
    home: Path, folder: Path
) -> None:
    older(folder)
    write(orphan(b"new"), b"new")(folder)
    diagnosis = examine(opened(home), [NAME])[1]
    assert "orphans" in {one.repair for one in diagnosis.findings}
    assert "orphans" not in planned(diagnosis)
