"""Ways take turns of some queries each, of which the first does not count."""

from experiments.speed.wire import measured


def test_ways_take_turns_and_no_query_is_asked_twice() -> None:
    asked: list[tuple[str, str]] = []
    ways = {
        "one": (lambda text: asked.append(("one", text)), 1),
        "many": (lambda text: asked.append(("many", text)), 20),
    }
    times = measured(ways, 20)
    assert [len(some) for some in times.values()] == [20, 20]
    assert [way for way, _ in asked] == (["one"] * 11 + ["many"] * 11) * 2
    assert len(set(asked)) == len(asked)
