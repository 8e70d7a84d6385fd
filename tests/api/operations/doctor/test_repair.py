"""What can be made anew is sound when it was repaired."""

from pathlib import Path

import pytest

from api.operations.doctor.examination import examine
from api.operations.doctor.repair import planned, repair
from binocle.collection.collection import Collection
from tests.support.damages import DAMAGES, damages
from tests.support.sound_collection import NAME, opened

MENDED = {
    "mark of another history": "mark", "catalogue older": "mark orphans derived indices",
    "index dropped": "schema",
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
    "background damaged": "derived", "half written": "temporary",
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
