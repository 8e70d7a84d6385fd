"""Records are replaced as a whole, or patched."""

from binocle.catalog.base import Catalog
from binocle.metadata.filters import Comparison
from tests.support.catalog_records import put, record


def test_of_two_records_with_one_id_the_later_counts(catalog: Catalog) -> None:
    put(catalog, record("a", n=1), record("b"), record("a", n=2))
    with catalog.reading() as session:
        assert session.records.count() == 2
        assert session.records.count(Comparison("n", "eq", 2)) == 1


def test_patch_sets_and_removes_fields(catalog: Catalog) -> None:
    put(catalog, record("a", n=1, m="x"), record("b", n=1))
    with catalog.writing() as session:
        assert session.records.patch({"a": {"n": 2, "m": None}, "none": {"n": 1}}) == 1
    with catalog.reading() as session:
        assert dict(session.records.by_number([1])[1].metadata) == {"n": 2}
        assert session.records.matching(Comparison("n", "gt", 1)).tolist() == [1]
