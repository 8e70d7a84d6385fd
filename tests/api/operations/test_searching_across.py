"""Several collections opened one after the other, as the command line does."""

import pytest

from api.container import Container
from api.operations.searching_across import AcrossAnswer, search_across
from api.settings import read_settings
from binocle.errors import NotFoundError, SavedQueryError
from search.query.query import Query, Term
from search.query.turns import Refinement
from tests.support.shop import run_cli

NAMES = ("one", "two")


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Two collections of nine bags, each of which both have."""
    folder = tmp_path_factory.mktemp("across")
    lines = [f"a {color} bag" for color in ("red", "crimson", "blue") for _ in range(3)]
    (folder / "t.txt").write_text("\n".join(lines))
    for name in NAMES:
        assert run_cli(folder / "home", "index", folder / "t.txt", "-c", name)[0] == 0
    return Container(read_settings(home=folder / "home", model="colour"))


def asked(container: Container, query: Query, *names: str) -> AcrossAnswer:
    return search_across(container, names or NAMES, lambda _: query)


def test_diverse_hits_come_once_over_all_pages(container: Container) -> None:
    query = Query((Term(text="a red bag"),), limit=5, diversity=0.6)
    plain = asked(container, Query((Term(text="a red bag"),), limit=5))
    seen, cursor = [], None
    for _ in range(9):
        page = asked(container, Query(query.terms, limit=5, diversity=0.6, cursor=cursor)).merged
        seen += [(name, hit.record.id) for name, hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 18
    first = [(name, hit.record.id) for name, hit in plain.merged.hits]
    assert len({one for _, one in seen[:5]}) > len({one for _, one in first})


def test_turn_of_several_is_refined_in_each(container: Container) -> None:
    first = asked(container, Query((Term(text="bag"),), limit=3))
    assert first.turn is not None
    told = asked(container, Query((Term(text="blue"),), refine=Refinement(first.turn)))
    assert len(told.merged.hits) == 3
    assert all("blue" in (hit.part.text or "") for _, hit in told.merged.hits)
    with pytest.raises(SavedQueryError, match="of one collection"):
        asked(container, Query((), refine=Refinement(first.answers["one"].turn or "")))
    more = asked(container, Query((), refine=Refinement(first.turn)), "one", "nowhere")
    assert isinstance(more.errors["nowhere"], NotFoundError)
