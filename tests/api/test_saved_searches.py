"""Saved searches: kept by name for each collection, through every door."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.saved_searches import MOST, SavedSearches
from binocle.errors import NotFoundError, StorageError, UsageError
from binocle_client import ClientError
from tests.support.service import Serve, problem_of


def names(searches: SavedSearches, collection: str) -> list[str]:
    return [one.name for one in searches.of(collection)]


def test_searches_are_kept_by_name_for_each_collection(tmp_path: Path) -> None:
    searches, elsewhere = SavedSearches(tmp_path), SavedSearches(tmp_path)
    assert names(searches, "photos") == []
    searches.put("photos", "湖边的狗", "q=dog")
    searches.put("photos", "cats", "q=cat")
    searches.put("shop", "cats", "q=cat+food")
    assert names(elsewhere, "photos") == ["cats", "湖边的狗"]
    elsewhere.put("photos", "cats", "q=kitten")
    assert [one.search for one in searches.of("photos")] == ["q=kitten", "q=dog"]
    searches.remove("photos", "cats")
    with pytest.raises(NotFoundError, match="photos has no saved search 'cats'"):
        searches.remove("photos", "cats")
    searches.forget("photos")
    assert (names(elsewhere, "photos"), names(elsewhere, "shop")) == ([], ["cats"])


def test_names_that_differ_by_case_or_by_space_around_are_one(tmp_path: Path) -> None:
    path, searches = tmp_path / "saved-searches.json", SavedSearches(tmp_path)
    for name in ("Café", "café ", "CAFE\u0301"):
        searches.put("c", name, f"q={len(name)}")
    assert names(searches, "c") == ["CAFE\u0301"]
    searches.remove("c", "café")
    assert names(searches, "c") == []
    rows = [{"collection": "c", "name": one, "search": "", "saved_at": ""} for one in ("x", "X")]
    path.write_text(json.dumps({"format": 1, "searches": rows}))  # of an older Binocle
    searches.remove("c", "X")
    assert names(searches, "c") == ["x"]


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(12):
            pool.submit(SavedSearches(tmp_path).put, "c", f"n{number:02}", "q=x")
    assert names(SavedSearches(tmp_path), "c") == [f"n{number:02}" for number in range(12)]


def test_limit_and_damage_are_told(tmp_path: Path) -> None:
    path = tmp_path / "saved-searches.json"
    rows = [{"collection": "c", "name": f"n{n}", "search": "", "saved_at": ""} for n in range(MOST)]
    path.write_text(json.dumps({"format": 1, "searches": rows}))
    with pytest.raises(UsageError, match="remove one first"):
        SavedSearches(tmp_path).put("c", "one more", "")
    SavedSearches(tmp_path).put("c", "n7", "q=x")  # in the place of one that is there
    path.write_text('{"format": 2, "searches": []}')
    with pytest.raises(StorageError, match="newer Binocle"):
        SavedSearches(tmp_path).of("c")
    path.write_text("{")
    with pytest.raises(StorageError, match=r"saved-searches\.json cannot be read"):
        SavedSearches(tmp_path).put("c", "a", "")


def test_they_are_saved_over_http_and_go_with_their_collection(serve: Serve) -> None:
    service = serve()
    client, http = service.client(), service.http()
    client.put_collection("shop")
    client.save_search("shop", "red / cheap", "q=red&max.price=20")
    assert [one.name for one in client.saved_searches("shop").searches] == ["red / cheap"]
    body = {"name": "a\nb", "search": "q=x"}
    assert http.put("/v1/collections/shop/saved-searches", json=body).status_code == 422
    body = {"name": " ", "search": "q=x"}
    problem_of(http.put("/v1/collections/shop/saved-searches", json=body), 422, "invalid")
    client.save_search("shop", "  Red / Cheap ", "q=red")
    assert [one.name for one in client.saved_searches("shop").searches] == ["Red / Cheap"]
    with pytest.raises(ClientError, match="no saved search 'blue'"):
        client.remove_saved_search("shop", "blue")
    problem_of(http.get("/v1/collections/nowhere/saved-searches"), 404, "not-found")
    client.remove_saved_search("shop", "red / cheap")
    client.save_search("shop", "other", "q=x")
    client.delete_collection("shop")
    client.put_collection("shop")
    assert client.saved_searches("shop").searches == []


def test_damaged_searches_do_not_keep_their_collection(serve: Serve) -> None:
    service = serve()
    client = service.client()
    client.put_collection("shop")
    job = client.wait_for_job("shop", client.start_duplicates("shop").id)
    (service.home / "saved-searches.json").write_text("{")
    client.delete_collection("shop")
    client.put_collection("shop")
    with pytest.raises(ClientError, match="there is no job"):
        client.job("shop", job.id)
