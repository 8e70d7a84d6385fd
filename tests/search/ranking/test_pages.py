"""Pages of an answer: together they are the one big page, whatever is added meanwhile."""

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.errors import CursorError
from binocle.metadata.filters import Comparison
from binocle.types import Hit, Target
from search.query.query import Query, Term
from search.ranking.fusion import Weighted, combine
from tests.support.few_words import ENCODER, WORDS, add, searcher_of

TARGETS: list[Target] = ["image", "text", "any"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ENCODER.space)
        yield opened


def rows_of(hits: Sequence[Hit]) -> list[tuple[str, int, float, float]]:
    return [(hit.record.id, hit.part.id, hit.score, hit.similarity) for hit in hits]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("grows", [False, True])
def test_pages_are_the_big_page_also_while_records_are_added(
    collection: Collection, target: Target, grows: bool
) -> None:
    rng = np.random.default_rng(1)
    searcher = searcher_of(collection)
    add(collection, 0, 120)
    added = 120
    for turn in range(6):
        terms = (Term(text=str(rng.choice(WORDS))), Term(record=f"r{turn}", weight=0.3))
        where = Comparison("n", "gte", 30) if turn % 3 == 2 else None
        query = Query(terms, target, where, limit=1000)
        whole = searcher.search(query)
        assert whole.cursor is None
        pages: list[Hit] = []
        cursor: str | None = None
        while True:
            limit = int(rng.integers(1, 50))
            answer = searcher.search(replace(query, limit=limit, cursor=cursor))
            assert len(answer.hits) == limit or answer.cursor is None
            assert len(answer.hits) > 0
            pages.extend(answer.hits)
            cursor = answer.cursor
            if cursor is None:
                break
            if grows:
                add(collection, added, 3)
                added += 3
        assert rows_of(pages) == rows_of(whole.hits)


def test_pages_never_repeat_while_another_thread_adds(collection: Collection) -> None:
    add(collection, 0, 60)
    searcher = searcher_of(collection)
    done = threading.Event()
    failures: list[BaseException] = []

    def grow() -> None:
        try:
            first = 60
            while not done.is_set() and first < 4000:
                add(collection, first, 100)
                first += 100
        except BaseException as error:  # shown below
            failures.append(error)

    def search(text: str) -> None:
        try:
            for _ in range(10):
                seen: list[str] = []
                query = Query((Term(text=text),), "image", limit=7)
                for _ in range(6):
                    answer = searcher.search(query)
                    seen.extend(hit.record.id for hit in answer.hits)
                    query = replace(query, cursor=answer.cursor)
                assert len(seen) == len(set(seen)), "a record was on two pages"
        except BaseException as error:  # shown below
            failures.append(error)

    growing = threading.Thread(target=grow)
    searching = [threading.Thread(target=search, args=[word]) for word in WORDS[:3]]
    for thread in (growing, *searching):
        thread.start()
    for thread in searching:
        thread.join()
    done.set()
    growing.join()
    assert not failures, failures


def test_last_page_has_no_cursor_even_when_it_is_full(collection: Collection) -> None:
    add(collection, 0, 10, ["image"])
    searcher, query = searcher_of(collection), Query((Term(text="red"),), limit=5)
    first = searcher.search(query)
    assert first.cursor is not None
    second = searcher.search(replace(query, cursor=first.cursor))
    assert (len(second.hits), second.cursor) == (5, None)


def test_cursor_is_safe_in_a_url(collection: Collection) -> None:
    add(collection, 0, 30)
    cursor = searcher_of(collection).search(Query((Term(text="red"),), limit=3)).cursor
    assert cursor is not None
    assert cursor.replace("-", "").replace("_", "").isalnum()


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "é",
        "\ud800",
        "*" * 9,
        packed(None),
        packed({}),
        packed([1, 2]),
        packed([1, 2, "x", 4]),
        packed([None, 2, "x"]),
        packed(["a", 2, "x"]),
        packed([float("inf"), 2, "x"]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
    ids=lambda cursor: ascii(cursor[:20]),
)
def test_damaged_cursor_is_refused(collection: Collection, cursor: str) -> None:
    add(collection, 0, 30)
    with pytest.raises(CursorError, match="start again without one"):
        searcher_of(collection).search(Query((Term(text="red"),), limit=3, cursor=cursor))


def test_changed_cursor_is_refused(collection: Collection) -> None:
    add(collection, 0, 30)
    query = Query((Term(text="red"),), limit=8)
    searcher = searcher_of(collection)
    cursor = searcher.search(query).cursor
    assert cursor is not None
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        changed = cursor[:place] + other + cursor[place + 1 :]
        with pytest.raises(CursorError, match="start again without one"):
            searcher.search(replace(query, cursor=changed))


def test_fused_pages_fit_together_however_deep_the_first_band_is() -> None:
    rng = np.random.default_rng(5)
    rankings = []
    names: tuple[Literal["image", "keyword"], ...] = ("image", "keyword")
    for name in names:
        order = rng.permutation(400)[:350]
        cosines = np.linspace(1, 0, len(order))
        rankings.append(Weighted(name, 1.0, order, order, cosines))
    whole = combine(rankings, 50)
    assert (np.diff(whole.scores) <= 0).all()
    for depth in (50, 100, 200):
        shallow = [
            replace(
                one,
                record_ids=one.record_ids[:depth],
                part_ids=one.part_ids[:depth],
                scores=one.scores[:depth],
            )
            for one in rankings
        ]
        fused = combine(shallow, 50)
        assert fused.record_ids[:depth].tolist() == whole.record_ids[:depth].tolist()
