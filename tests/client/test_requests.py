"""Requests are dictionaries that take what the interface's document says."""

import json
from typing import Any, get_type_hints

import pytest

from binocle_client import requests
from tests.support import ROOT

_SCHEMAS = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
_REQUESTS = {
    "BoostIn": requests.BoostBody,
    "BudgetIn": requests.BudgetBody,
    "CurationIn": requests.CurationBody,
    "PinIn": requests.PinBody,
    "RulesIn": requests.RulesBody,
    "SynonymIn": requests.SynonymBody,
    "CaptionsIn": requests.CaptionsBody,
    "FacetIn": requests.FacetBody,
    "GroupIn": requests.GroupBody,
    "JobIn": requests.JobBody,
    "KeyIn": requests.KeyBody,
    "KeyRotationIn": requests.KeyRotationBody,
    "MatchingIn": requests.MatchingBody,
    "UpdateMatchingIn": requests.UpdateMatchingBody,
    "LabelsIn": requests.LabelsBody,
    "MatchIn": requests.MatchBody,
    "RecommendIn": requests.RecommendBody,
    "RecordIn": requests.RecordBody,
    "RefinementIn": requests.RefinementBody,
    "RegionIn": requests.RegionBody,
    "SearchBesideIn": requests.PictureSearchOptions,
    "SearchIn": requests.SearchBody,
    "SortIn": requests.SortBody,
    "TermIn": requests.TermBody,
    "WeightsIn": requests.WeightsBody,
}


@pytest.mark.parametrize("name", _REQUESTS)
def test_a_request_takes_what_the_interface_takes(name: str) -> None:
    body: Any = _REQUESTS[name]
    assert body.__annotations__.keys() == _SCHEMAS[name]["properties"].keys()
    assert body.__required_keys__ == set(_SCHEMAS[name].get("required", ())), name


def test_choices_are_those_of_the_interface() -> None:
    for name, body in _REQUESTS.items():
        hints = get_type_hints(body)
        for field, schema in _SCHEMAS[name]["properties"].items():
            inside = [schema, *schema.get("anyOf", ())]
            for choice in [value for one in inside for value in one.get("enum", ())]:
                assert repr(choice) in str(hints[field]), (name, field)
