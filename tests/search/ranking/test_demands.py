"""What lacks a word that was asked for, and that others have, is less relevant, and says so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.types import Limits, NewPart, NewRecord
from search.query.query import Query, Term
from search.ranking.demands import LACKING, Demands
from search.ranking.fusion import Ranked, unfused
from search.ranking.result_list import ResultList
from search.searcher import Searcher

ENCODER = ColourEncoder()
TITLES = [f"{colour} {thing}" for colour in ("red", "green") for thing in ("shirt", "shoe")]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    path: Path = tmp_path_factory.mktemp("shop") / "c"
    with Collection(path, create=True) as collection:
        collection.claim_space(ENCODER.space)
        records = []
        for n in range(80):
            title = TITLES[n % 4]
            row = ENCODER.encode_texts([title])[0]
            noisy = row + 0.004 * np.random.default_rng(n).standard_normal(len(row))
            vector = np.asarray(noisy / np.linalg.norm(noisy), np.float32)
            part = NewPart("text", "title", f"t{n}", f"t{n}".encode(), vector, text=title)
            records.append(NewRecord(f"r{n:02}", f"uri{n}", {"colour": title.split()[0]}, (part,)))
        collection.upsert(records)
        yield Searcher(collection, lambda: ENCODER, limits=Limits())


def relevances(searcher: Searcher, text: str, mode: str) -> dict[str, float]:
    query = Query((Term(text=text),), limit=80, mode=mode)  # type: ignore[arg-type]
    return {hit.record.id: hit.relevance or 0.0 for hit in searcher.search(query).hits}


def test_what_lacks_a_word_that_was_asked_for_is_less_relevant(searcher: Searcher) -> None:
    together, by_vectors = (relevances(searcher, "red shoe", m) for m in ("hybrid", "semantic"))
    shoes = {f"r{n:02}" for n in range(80) if TITLES[n % 4] == "red shoe"}
    others = [key for key in together if key not in shoes]
    assert min(together[key] for key in shoes) > 0.5
    assert max(together[key] for key in others) <= LACKING
    assert max(by_vectors[key] for key in others) > LACKING, "else there is nothing to lessen"


@pytest.mark.parametrize("least", [0.05, 0.2, 0.6])
def test_cut_at_a_number_leaves_what_is_shown_as_relevant(searcher: Searcher, least: float) -> None:
    shown = relevances(searcher, "red shoe", "hybrid")
    query = Query((Term(text="red shoe"),), limit=80, min_relevance=least)
    answer = searcher.search(query)
    assert {hit.record.id for hit in answer.hits} == {
        key for key, relevance in shown.items() if relevance >= least
    }
    assert answer.relevant == len(answer.hits)


def test_what_is_demanded_is_said_where_it_is_not_all(searcher: Searcher) -> None:
    said = {
        text: searcher.search(Query((Term(text=text),), limit=1)).looking_for
        for text in ("red shoe", "shoe for christmas")
    }
    assert said == {"red shoe": "red shoe", "shoe for christmas": "shoe for christmas; with shoe"}


def test_optional_word_is_demanded_no_more(searcher: Searcher) -> None:
    asked = Query((Term(text="red shoe"),), limit=80, mode="hybrid")
    strict, loose = map(searcher.search, (asked, replace(asked, optional=("Red",))))
    assert [one.text for one in loose.reading if one.kind == "demand"] == ["shoe"]
    before, after = (
        {hit.record.id: hit.relevance or 0.0 for hit in answer.hits} for answer in (strict, loose)
    )
    for n in range(80):
        lacked = TITLES[n % 4] == "green shoe"
        assert (after[f"r{n:02}"] > before[f"r{n:02}"]) is lacked, TITLES[n % 4]


def test_what_a_listing_knows_of_every_record_counts_as_its_memory() -> None:
    anything: Any = None
    plan: Any = SimpleNamespace(asked_bytes=0)
    listing = ResultList(plan=plan, scorers={}, rank=anything)
    demands = Demands(np.zeros(1_000_000, np.bool_))
    listing.append(Ranked(fused=unfused(np.arange(3)), demands=demands), 256)
    assert listing.size_bytes > 1_000_000
