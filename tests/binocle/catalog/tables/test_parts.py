"""Parts and their vectors, by number, content and owner."""

import numpy as np

from binocle.catalog.base import Catalog
from tests.support.catalog_records import image, put, record, text


def test_vectors_are_read_from_a_part_on_with_their_owners(catalog: Catalog) -> None:
    put(catalog, record("a", text("one"), image("x")), record("b", text("two"), text("three")))
    with catalog.reading() as session:
        (new,) = session.parts.after("text", 0, 4)
        owners = session.parts.owners("text", int(new.part_ids[1]))
        assert owners[0].tolist() == new.part_ids[:2].tolist()
        assert owners[1].tolist() == new.record_ids[:2].tolist()
        assert (np.diff(new.part_ids) > 0).all()
        known = session.parts.known_contents("text", [text("two").sha256, b"?"])
        assert list(known) == [text("two").sha256]
        assert np.array_equal(known[text("two").sha256].vector, new.rows[1])
        assert not list(session.parts.after("text", int(new.part_ids[-1]), 4))
        assert session.parts.image_hashes() == {image("x").sha256}
        assert session.parts.images_of_records(["a", "b"]) == {image("x").sha256}
        assert session.parts.uris_of_images([image("x").sha256]) == {image("x").sha256: {"mem:x"}}
        assert len(session.parts.vectors_of_record(2)["text"]) == 2
        found = session.parts.vectors_of([*new.part_ids.tolist(), 99])
        assert list(found) == new.part_ids.tolist()
        assert np.array_equal(np.stack([*found.values()]), new.rows)
