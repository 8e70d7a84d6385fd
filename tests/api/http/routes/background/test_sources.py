"""Folders a client may have indexed, by name, and what was left out of them."""

from pathlib import Path

from tests.support.service import Running, Serve, index_source, problem_of


def test_an_allowed_folder_is_listed_and_indexed_by_its_name(
    indexing: Running, allowed: Path
) -> None:
    http = indexing.http()
    assert http.get("/v1/sources").json() == {"sources": [allowed.name]}
    client = indexing.client()
    job = index_source(client, Path(allowed.name) / "photos")
    assert (job.state, job.counts["skipped"]) == ("done", 1)
    answer = http.get("/v1/collections/c/skipped")
    (skipped,) = [one for one in answer.json()["skipped"] if one["source"] == "photos"]
    assert skipped["item"].endswith("bad.jpg")
    assert skipped["error"]["code"]
    assert skipped["error"]["detail"]
    assert str(allowed) not in answer.text
    assert http.get("/v1/collections/c/skipped?first=1000").json()["skipped"] == []
    assert http.get(f"/v1/collections/c/skipped?first={10**25}").json()["skipped"] == []


def test_a_name_leads_nowhere_else(indexing: Running, allowed: Path) -> None:
    (allowed.parent / "secret").mkdir()
    for source in (f"{allowed.name}/../secret", "secret", f"{allowed.name}x", "/", ""):
        answer = indexing.http().post("/v1/collections/c/jobs", json={"source": source})
        assert answer.status_code == (422 if source == "" else 403), source


def test_a_key_that_only_reads_is_told_of_no_folders(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    service = serve(sources=(tmp_path / "pictures",))
    reader = service.keys.add("reader", "read", None)
    writer = service.keys.add("writer", "write", None)
    assert service.http(reader).get("/v1/sources").json() == {"sources": []}
    assert service.http(writer).get("/v1/sources").json() == {"sources": ["pictures"]}
    problem_of(service.http().get("/v1/sources"), 401, "no-key")
