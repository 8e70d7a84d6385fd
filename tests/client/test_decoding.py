"""The client's dataclasses are what the interface's document says, and are read from JSON."""

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from binocle_client import answers, copies, requests
from binocle_client.decoding import decode
from tests.support import ROOT

_SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
_ANSWERS = {
    "BatchOut": answers.BatchAnswer,
    "BucketOut": answers.FacetBar,
    "CandidateOut": copies.LookupMatch,
    "CandidatePartOut": copies.StoredPicture,
    "ClusterOut": copies.DuplicateCluster,
    "CollectionOut": answers.CollectionSummary,
    "CollectionsOut": answers.CollectionListing,
    "ContributionOut": answers.HitContribution,
    "DuplicatesOut": copies.DuplicateClusters,
    "Embedding": answers.EmbeddedInput,
    "EmbeddingsOut": answers.EmbeddingsAnswer,
    "FacetOut": answers.FacetResult,
    "HitOut": answers.SearchHit,
    "ItemError": answers.Failure,
    "JobOut": answers.JobStatus,
    "LabelOut": answers.LabelProbability,
    "LabelledOut": answers.LabelledItem,
    "LabelsOut": answers.LabelsAnswer,
    "LookupOut": copies.LookupReply,
    "MatchOut": answers.MatchAnswer,
    "MemberOut": copies.ClusterMember,
    "ModelOut": answers.ServedModel,
    "ModelsOut": answers.ModelListing,
    "PartOut": answers.RecordPart,
    "Problem": answers.SearchProblem,
    "RecordOut": answers.StoredRecord,
    "RecordPage": answers.RecordListing,
    "RecordResult": answers.StoreOutcome,
    "RecordsOut": answers.StoreOutcomes,
    "RegionOut": copies.PictureRegion,
    "SearchOut": answers.SearchAnswer,
    "Usage": answers.EmbeddingUsage,
}
_REQUESTS = {
    "CaptionsIn": requests.CaptionsBody,
    "FacetIn": requests.FacetBody,
    "GroupIn": requests.GroupBody,
    "JobIn": requests.JobBody,
    "LabelsIn": requests.LabelsBody,
    "MatchIn": requests.MatchBody,
    "RecordIn": requests.RecordBody,
    "RefinementIn": requests.RefinementBody,
    "RegionIn": requests.RegionBody,
    "SearchBesideIn": requests.PictureSearchOptions,
    "SearchIn": requests.SearchBody,
    "SortIn": requests.SortBody,
    "TermIn": requests.TermBody,
    "WeightsIn": requests.WeightsBody,
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_an_answer_has_the_fields_of_the_interface(name: str) -> None:
    assert {one.name for one in fields(_ANSWERS[name])} == _SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("name", _REQUESTS)
def test_a_request_takes_what_the_interface_takes(name: str) -> None:
    body: Any = _REQUESTS[name]
    assert body.__annotations__.keys() == _SCHEMAS[name]["properties"].keys()
    assert body.__required_keys__ == set(_SCHEMAS[name].get("required", ())), name


@pytest.mark.parametrize("module", [answers, copies])
def test_every_answer_is_held_against_the_interface(module: ModuleType) -> None:
    there = {
        one
        for one in vars(module).values()
        if is_dataclass(one) and getattr(one, "__module__", "") == module.__name__
    }
    assert there
    assert there <= set(_ANSWERS.values())


def test_choices_are_those_of_the_interface() -> None:
    for name, body in _REQUESTS.items():
        hints = get_type_hints(body)
        for field, schema in _SCHEMAS[name]["properties"].items():
            inside = [schema, *schema.get("anyOf", ())]
            for choice in [value for one in inside for value in one.get("enum", ())]:
                assert repr(choice) in str(hints[field]), (name, field)


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Tree:
    leaves: list[Leaf]
    crown: Leaf | None
    weights: dict[str, float]


def test_what_is_read_is_what_was_written() -> None:
    tree = Tree([Leaf("a", 1), Leaf("b", None)], Leaf("top", 2), {"a": 0.5})
    assert decode(Tree, asdict(tree)) == tree
    bare = Tree([], None, {})
    assert decode(Tree, asdict(bare)) == bare


def test_fields_of_a_newer_service_are_left_out() -> None:
    assert decode(Leaf, {"name": "a", "size": 1, "colour": "red"}) == Leaf("a", 1)


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {"leaves": {}, "crown": None, "weights": {}},
        {"leaves": [1], "crown": None, "weights": {}},
        {"leaves": [], "crown": "x", "weights": {}},
        {"leaves": [], "crown": {"name": "a"}, "weights": {}},
        {"leaves": [], "crown": None},
    ],
)
def test_what_is_something_else_is_refused(document: object) -> None:
    with pytest.raises((LookupError, TypeError)):
        decode(Tree, document)


def test_a_problem_in_the_place_of_an_answer_is_read_as_one() -> None:
    problem = answers.SearchProblem(
        type="about:blank", title="bad query", status=422, code="bad-query",
        detail="it is empty", field="searches.0.query", request_id="r1",
    )  # fmt: skip
    batch = decode(answers.BatchAnswer, {"answers": [asdict(problem)], "took_ms": {}})
    assert batch.answers == [problem]
