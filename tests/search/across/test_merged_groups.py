"""One value is one group, wherever its records are."""

from dataclasses import replace

from binocle.metadata.filters import Comparison
from binocle.types import Hit
from search.across.hit_order import compared
from search.across.merged_groups import digest_of, group_query, groups_wanted, with_groups
from search.query.query import Facet, Group, Query
from tests.search.across.test_merging import RED, answer, hit

QUERY = Query(RED, group=Group("style", 3), facets=(Facet("x"),), diversity=0.3, offset=4)


def headed(name: str, relevance: float, value: str | None, size: int = 1, *others: Hit) -> Hit:
    return replace(hit(name, relevance), group_value=value, group_size=size, others=others)


def test_values_are_told_apart_by_type_and_the_same_number_is_one() -> None:
    assert digest_of(1) == digest_of(1.0)
    assert len({digest_of(one) for one in (1, "1", True, "true", "1.0")}) == 5


def test_others_are_asked_for_the_values_of_a_page() -> None:
    hits = [("a", headed("a1", 0.9, "x")), ("a", headed("a2", 0.8, None)), ("b", hit("b1", 0.7))]
    [(name, (clause, count))] = groups_wanted(QUERY, hits, ["a", "b"]).items()
    assert (name, clause) == ("b", Comparison("style", "in", ("x",)))
    asked = group_query(QUERY, clause, count)
    assert (asked.where, asked.offset, asked.facets, asked.diversity) == (clause, 0, (), 0)
    assert groups_wanted(replace(QUERY, group=None), hits, ["a", "b"]) == {}


def test_sizes_are_added_up_and_the_best_of_all_are_shown() -> None:
    own = headed("a1", 0.9, "x", 2, hit("a2", 0.5))
    beside = headed("b1", 0.8, "x", 3, hit("b2", 0.6), hit("b3", 0.1))
    listed = headed("b9", 0.9, None)  # with a list of values
    alone = headed("a5", 0.4, None, 1)
    found, others = with_groups(
        QUERY,
        [("a", own), ("a", alone)],
        {"b": answer([listed, beside])},
        lambda one, other: compared((), (one, 0), (other, 0)),
    )
    assert [one.group_size for _, one in found] == [5, 1]
    assert [(name, one.record.id) for name, one in others[0]] == [("b", "b1"), ("b", "b2")]
    assert others[1] == ()
