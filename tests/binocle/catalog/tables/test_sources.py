"""Sources, their runs, and the ledger of their items."""

from binocle.catalog.base import Catalog
from binocle.catalog.types import Item
from tests.support.catalog_records import keys, record


def test_sources_keep_a_ledger_and_runs(catalog: Catalog) -> None:
    indexed = Item("x.jpg", "1", "shop/x.jpg", None, None)
    with catalog.writing() as session:
        one = session.sources.add("shop", "/a/shop", "folder")
        other = session.sources.add("shop", "/b/shop", "folder")
        assert session.sources.add("shop", "/a/shop", "folder") == one
        run = session.sources.start_run(one.id)
        session.sources.put_items(one.id, run, [indexed, Item("y.jpg", "1", None, "bad", "broken")])
        session.sources.put_items(one.id, run, [Item("y.jpg", "2", None, "bad", "still broken")])
    with catalog.reading() as session:
        assert [source.name for source in session.sources.all()] == ["shop", "shop-2"]
        assert session.sources.ledger(one.id)["x.jpg"] == indexed
        skipped = [(own.id, item.message) for own, item in session.sources.skipped_items()]
        assert skipped == [(one.id, "still broken")]
        assert not list(session.sources.skipped_items(other.id))
        first, second = session.sources.statuses()
        assert (first.source, first.indexed, first.skipped) == (one, 1, 1)
        assert first.last_run is not None
        assert first.last_run[1] is None
        assert (second.indexed, second.skipped, second.last_run) == (0, 0, None)
    with catalog.writing() as session:
        session.sources.finish_run(run, {})
        session.sources.mark_removed(["shop/x.jpg"])
    with catalog.reading() as session:
        assert session.sources.ledger(one.id)["x.jpg"].code == "removed"
        last_run = session.sources.statuses()[0].last_run
        assert last_run is not None
        assert last_run[1] is not None


def test_source_goes_with_its_own_records_only(catalog: Catalog) -> None:
    with catalog.writing() as session:
        one, other = (session.sources.add(name, f"/{name}", "folder") for name in "xy")
        session.records.upsert([record("a"), record("b")], source_id=one.id)
        assert session.records.upsert([record("b")], source_id=other.id) == 1
        assert session.records.remove(["a", "b"], source_id=other.id) == 1
        assert session.sources.remove(one.id) == 1
        assert [source.name for source in session.sources.all()] == ["y"]
        assert keys(session) == []
