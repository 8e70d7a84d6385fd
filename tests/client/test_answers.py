"""Answers are dataclasses that have what the interface's document says."""

import json
from dataclasses import fields, is_dataclass
from types import ModuleType

import pytest

from binocle_client import answers, copies
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


@pytest.mark.parametrize("name", _ANSWERS)
def test_an_answer_has_the_fields_of_the_interface(name: str) -> None:
    assert {one.name for one in fields(_ANSWERS[name])} == _SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("module", [answers, copies])
def test_every_answer_is_held_against_the_interface(module: ModuleType) -> None:
    there = {
        one
        for one in vars(module).values()
        if is_dataclass(one) and getattr(one, "__module__", "") == module.__name__
    }
    assert there
    assert there <= set(_ANSWERS.values())
