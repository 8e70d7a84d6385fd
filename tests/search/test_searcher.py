"""Hits against brute force: a toy world, its encoder, and an oracle that shares no code."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binocle.collection.collection import Collection
from binocle.encoders.base import Encoder
from binocle.encoders.colour import ColourEncoder
from binocle.errors import BusyError
from binocle.metadata.filters import And, Comparison, Filter, Not, matches
from binocle.types import (
    Float32Array,
    Hit,
    Kind,
    Limits,
    NewPart,
    NewRecord,
    Target,
)
from search.query.query import Query, Term
from search.query.turns import Refinement
from search.results.answer import Answer
from search.searcher import Searcher
from tests.support.toy_encoder import DIMENSION, ToyEncoder


def png(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (12, 10), colour).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class World:
    """A collection, and in ``records`` what was put into it."""

    collection: Collection
    records: dict[str, NewRecord] = field(default_factory=dict)

    def add(self, count: int, *, seed: int, kinds: Sequence[Kind] = ("image", "text")) -> None:
        rng = np.random.default_rng(seed)
        new = []
        for _ in range(count):
            key = f"r{len(self.records)}"
            parts = []
            for place in range(int(rng.integers(0 if count > 5 else 1, 4))):
                kind: Kind = kinds[int(rng.integers(len(kinds)))]
                row = np.asarray(rng.choice([-0.25, 0.25], DIMENSION), np.float32)
                content = f"{key} {place}"
                parts.append(NewPart(kind, f"f{place}", content, content.encode(), row))
            metadata = {"n": len(self.records), "odd": len(self.records) % 2 == 1}
            self.records[key] = NewRecord(key, f"mem:{key}", metadata, tuple(parts))
            new.append(self.records[key])
        self.collection.upsert(new)

    def searcher(self, encoder: Encoder | None = None) -> Searcher:
        chosen = encoder or ToyEncoder()
        return Searcher(self.collection, lambda: chosen, limits=Limits())

    def ranking(
        self, kind: Kind, query: Float32Array, where: Filter | None, exclude: Sequence[str]
    ) -> list[tuple[str, int, float]]:
        """Return (record, best part, cosine), best first, ties in order of part."""
        best: list[tuple[float, int, str]] = []
        for key, record in self.records.items():
            if key in exclude or not (
                where is None or matches(where, key, record.uri, record.metadata)
            ):
                continue
            stored = self.collection.record(key).parts
            scored = [
                (-float(new.vector.astype(np.float64) @ query), part.id, key)
                for new, part in zip(record.parts, stored, strict=True)
                if part.kind == kind
            ]
            best.extend(sorted(scored)[:1])
        return [(key, part_id, -score) for score, part_id, key in sorted(best)]

    def fused(
        self, query: Float32Array, where: Filter | None, exclude: Sequence[str]
    ) -> list[tuple[str, int, float, float]]:
        """Return (record, best part, cosine, reciprocal rank sum) over pictures and texts."""
        ranks: dict[str, list[tuple[int, int, float]]] = {}
        for kind in ("image", "text"):
            for rank, (key, part_id, cosine) in enumerate(
                self.ranking(kind, query, where, exclude), 1
            ):
                ranks.setdefault(key, []).append((rank, part_id, cosine))
        order = list(self.records)
        rows = [
            (key, *min(found, key=lambda one: one[0])[1:], sum(1 / (60 + one[0]) for one in found))
            for key, found in ranks.items()
        ]
        return sorted(rows, key=lambda row: (-row[3], order.index(row[0])))


def as_rows(hits: Sequence[Hit]) -> list[tuple[str, int, float]]:
    return [(hit.record.id, hit.part.id, hit.similarity) for hit in hits]


WHERES: list[Filter | None] = [
    None,
    Comparison("n", "lt", 5),
    And((Comparison("odd", "eq", True), Not(Comparison("n", "gte", 100)))),
    Comparison("n", "lt", 0),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Collection(tmp_path_factory.mktemp("world") / "toys", create=True) as opened:
        opened.claim_space(ToyEncoder.space)
        made = World(opened)
        made.add(150, seed=1)
        yield made


@pytest.mark.parametrize("where", WHERES, ids=str)
@pytest.mark.parametrize("limit", [1, 10, 1000])
def test_hits_equal_brute_force_for_every_target(
    world: World, where: Filter | None, limit: int
) -> None:
    query = Term(text="a toy")
    vector = ToyEncoder().encode_texts(["a toy"])[0]
    targets: list[Target] = ["image", "text", "any"]
    for target in targets:
        answer = world.searcher().search(Query((query,), target, where, limit))
        if target == "any":
            wanted = world.fused(vector, where, ())
            assert [hit.score for hit in answer.hits] == pytest.approx(
                [row[3] for row in wanted[:limit]]
            )
        else:
            wanted = [(*row, row[2]) for row in world.ranking(target, vector, where, ())]
            assert [hit.score for hit in answer.hits] == [row[3] for row in wanted[:limit]]
        assert as_rows(answer.hits) == [row[:3] for row in wanted[:limit]]
        assert (answer.target, answer.exact) == (target, True)
        assert (answer.cursor is None) == (len(wanted) <= limit)


def test_hit_carries_the_stored_record_and_its_best_part(world: World) -> None:
    for hit in world.searcher().search(Query((Term(text="a toy"),), "any", limit=50)).hits:
        stored = world.collection.record(hit.record.id)
        assert dict(hit.record.metadata) == dict(stored.metadata)
        assert hit.record.uri == stored.uri
        assert hit.part in stored.parts


def test_what_is_stopped_leaves_the_queries_that_are_left(world: World) -> None:
    asked = [Query((Term(text=f"toy {number}"),), "any", exact=True) for number in range(6)]
    turns = iter([False] * 6 + [False] * 2 + [True] * 4)  # each is read, two are looked for
    outcomes = world.searcher().outcomes(asked, lambda: next(turns))
    assert [isinstance(one, BusyError) for one in outcomes] == [False] * 2 + [True] * 4
    whole = world.searcher().outcomes(asked[:2])
    assert [as_rows(one.hits) for one in outcomes[:2] if isinstance(one, Answer)] == [
        as_rows(one.hits) for one in whole if isinstance(one, Answer)
    ]


def test_each_kind_of_term_looks_for_its_own_vector(world: World, tmp_path: Path) -> None:
    red = png((255, 0, 0))
    (tmp_path / "red.png").write_bytes(red)
    picture = ToyEncoder().encode_texts(["picture [255, 0, 0]"])[0]
    key = next(key for key, one in world.records.items() if len(one.parts) == 1)
    own = world.records[key].parts[0].vector
    terms: list[tuple[Term, Float32Array, list[str]]] = [
        (Term(text="words"), ToyEncoder().encode_texts(["words"])[0], []),
        (Term(image=red), picture, []),
        (Term(image=tmp_path / "red.png"), picture, []),
        (Term(vector=own), own, []),
        (Term(vector=7 * own), own, []),
        (Term(record=key), own, [key]),
        (Term(text="words", weight=-2.0), -ToyEncoder().encode_texts(["words"])[0], []),
    ]
    for term, vector, exclude in terms:
        answer = world.searcher().search(Query((term,), "image", limit=500))
        assert as_rows(answer.hits) == world.ranking("image", vector, None, exclude)


def test_weighted_terms_are_added(world: World) -> None:
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((3, DIMENSION)).astype(np.float32)
    weights = [1.0, 0.5, 3.0]
    units = rows / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    total = np.asarray(weights) @ units
    terms = tuple(Term(vector=row, weight=one) for row, one in zip(rows, weights, strict=True))
    answer = world.searcher().search(Query(terms, "image", limit=40))
    wanted = world.ranking("image", total / np.linalg.norm(total), None, ())[:40]
    assert [row[:2] for row in as_rows(answer.hits)] == [row[:2] for row in wanted]
    assert [hit.similarity for hit in answer.hits] == pytest.approx(
        [row[2] for row in wanted], abs=1e-6
    )


@pytest.mark.parametrize("target", ["image", "text", "any"])
def test_record_is_not_among_what_is_like_it(world: World, target: Target) -> None:
    for key, record in list(world.records.items())[:12]:
        if not record.parts:
            continue
        other: Kind = "text" if target == "text" else "image"
        same = [part.vector for part in record.parts if part.kind == other]
        mean = np.mean(same or [part.vector for part in record.parts], axis=0)
        if not mean.any():
            continue
        answer = world.searcher().search(Query((Term(record=key),), target, limit=1000))
        found = [hit.record.id for hit in answer.hits]
        assert key not in found
        if target != "any":
            query = mean / np.linalg.norm(mean)
            wanted = world.ranking(target, query.astype(np.float32), None, [key])
            assert sorted(found) == sorted(row[0] for row in wanted)
            assert [hit.score for hit in answer.hits] == pytest.approx(
                [row[2] for row in wanted], abs=1e-6
            )


def test_several_records_of_a_question_are_left_out(world: World) -> None:
    keys = [key for key, record in world.records.items() if record.parts][:3]
    terms = (*(Term(record=key) for key in keys[:2]), Term(record=keys[2], weight=-0.3))
    answer = world.searcher().search(Query(terms, "any", limit=1000))
    assert not {hit.record.id for hit in answer.hits} & set(keys)
    assert len(answer.hits) == sum(bool(one.parts) for one in world.records.values()) - 3


def test_default_target_is_pictures_where_there_are_any(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(ToyEncoder.space)
        world, query = World(opened), Query((Term(text="a"),))
        world.add(20, seed=3, kinds=["text"])
        assert world.searcher().search(query).target == "text"
        world.add(1, seed=4, kinds=["image"])
        answer = world.searcher().search(query)
        assert (answer.target, [hit.record.id for hit in answer.hits]) == ("image", ["r20"])


def test_colour_words_find_pictures_of_the_colour(tmp_path: Path) -> None:
    encoder = ColourEncoder()
    colours = {"red": (205, 25, 30), "green": (35, 140, 50), "blue": (35, 70, 180)}
    with Collection(tmp_path / "c", create=True) as opened:
        opened.claim_space(encoder.space)
        for name, colour in colours.items():
            pixels = np.full((1, 32, 32, 3), colour, np.uint8)
            part = NewPart("image", "image", name, name.encode(), encoder.encode_images(pixels)[0])
            opened.upsert([NewRecord(name, name, {}, (part,))])
        searcher = World(opened).searcher(encoder)
        for name, colour in colours.items():
            for term in (Term(text=f"something {name}"), Term(image=png(colour))):
                assert searcher.search(Query((term,))).hits[0].record.id == name


def test_words_alone_need_no_model_and_a_picture_beside_them_is_kept_for_refinements(
    tmp_path: Path,
) -> None:
    encoder, loaded = ColourEncoder(), []
    with Collection(tmp_path / "c", create=True) as collection:
        collection.claim_space(encoder.space)
        row = encoder.encode_texts(["red"])[0]
        parts = (NewPart("text", "text", "red", b"red", row),)
        collection.upsert([NewRecord("red", "mem:red", {}, parts)])

        def load() -> Encoder:
            loaded.append(1)
            return encoder

        searcher = Searcher(collection, load, limits=Limits())
        words = Query((Term(text="red"),), mode="keyword", target="text")
        assert searcher.terms.embed([words]) == [words]
        assert not loaded
        beside = Query((*words.terms, Term(image=png((250, 0, 0)))), mode="keyword", target="text")
        answer = searcher.search(beside)
        assert [hit.record.id for hit in answer.hits] == ["red"]
        refined = Query((), mode="hybrid", target="text", refine=Refinement(answer.turn or ""))
        assert "a picture" in searcher.search(refined).looking_for
