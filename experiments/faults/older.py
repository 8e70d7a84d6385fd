"""A catalogue as an older Binocle would have left it: format 1."""

import sqlite3
from contextlib import closing
from pathlib import Path

_TO_FORMAT_1 = """
PRAGMA foreign_keys = OFF;
BEGIN;
DROP TABLE vector_checksums;
DROP TABLE likeness_checksums;
DROP TABLE info_checksums;
DROP TABLE part_checksums;
DROP TABLE picture_colours;
DROP TABLE likenesses;
DROP TABLE written_labels;
DROP TABLE waiting_labels;
DROP TABLE points;
DROP TABLE removed_records;
DROP TABLE words;
DROP TABLE vocabulary;
DROP INDEX ix_records_changed;
ALTER TABLE records DROP COLUMN changed;
ALTER TABLE fields DROP COLUMN declared;
ALTER TABLE fields DROP COLUMN seen;
DROP INDEX attributes_by_text;
ALTER TABLE attributes DROP COLUMN listed;
CREATE INDEX attributes_by_text ON attributes (field_id, text, record_id);
DELETE FROM meta WHERE key NOT IN
    ('format', 'change', 'next_record_id', 'next_part_id', 'space', 'removals_known_after');
UPDATE meta SET value = '1' WHERE key = 'format';
COMMIT;
"""


def make_older(folder: Path) -> None:
    """Bring a collection's catalogue back to format 1; nobody may have it open.

    What later versions keep beside the catalogue goes, the uploads stay.
    """
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database:
        database.executescript(_TO_FORMAT_1)
    for pattern in ("*.stamp.json", "*.faiss", "*.hashes", "*.mark", "turns.sqlite*"):
        for path in folder.glob(pattern):
            path.unlink()
