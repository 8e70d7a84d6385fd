"""Fields are known by name, type and count."""

from binocle.catalog.base import Catalog
from tests.support.catalog_records import put, record


def test_fields_are_known_with_their_types_and_counts(catalog: Catalog) -> None:
    put(catalog, record("a", n=1, s="x"), record("b", n=2))
    with catalog.writing() as session:
        session.fields.declare({"s": "text"})
    with catalog.reading() as session:
        assert session.fields.names() == ["n", "s"]
        assert session.fields.counts() == {"n": 2, "s": 1}
        assert session.fields.types() == {"n": ("number", False), "s": ("text", True)}
        assert session.fields.declared() == {"s": "text"}
        assert session.fields.holds("n") == {"numbers"}
        assert session.fields.holds("none") == set()
