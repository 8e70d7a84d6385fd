"""Folders a client may have indexed, by name, and what was left out of them."""

from pathlib import Path

from tests.support import picture_bytes
from tests.support.buckets import Buckets
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


def test_addresses_are_indexed_where_the_operator_allows_them(
    serve: Serve, store: Buckets, tmp_path: Path
) -> None:
    bucket = store.make()
    for number in range(4):
        store.put(bucket, f"shop/bags/{number}.jpg", picture_bytes(number))
    store.put(bucket, "shopping/other.jpg", picture_bytes(9))
    address = f"s3://{bucket}/shop"
    service = serve(sources=(tmp_path, f"{address}/"))
    client = service.client()
    client.put_collection("c")
    assert service.http().get("/v1/sources").json() == {"sources": [tmp_path.name, "shop"]}
    for source in (address, f"{address}/bags", "shop/bags"):
        assert client.wait_for_job("c", client.start_job("c", source=source).id).state == "done"
    listed = service.http().get("/v1/collections/c/records").json()["records"]
    assert [one["id"] for one in listed] == [f"shop/bags/{number}.jpg" for number in range(4)]
    thumbnail = service.http().get("/v1/collections/c/records/shop%2Fbags%2F1.jpg/thumbnail")
    assert thumbnail.headers["content-type"] == "image/webp"
    refused = (
        f"s3://{bucket}/shopping", f"s3://{bucket}", "s3://elsewhere", store.url, "http://localhost/",
    )  # fmt: skip
    for source in refused:
        answer = service.http().post("/v1/collections/c/jobs", json={"source": source})
        problem_of(answer, 403, "source-not-allowed")
    answer = service.http().post(
        "/v1/collections/c/jobs", json={"source": f"{address}?X-Amz-Signature=s3cr3t"}
    )
    problem = problem_of(answer, 422, "usage")
    assert problem["field"] == "source"
    assert "s3cr3t" not in answer.text


def test_no_address_is_allowed_by_default(indexing: Running) -> None:
    for source in ("s3://bucket/shop", "http://127.0.0.1/", "gs://b", "az://b"):
        answer = indexing.http().post("/v1/collections/c/jobs", json={"source": source})
        problem_of(answer, 403, "source-not-allowed")
