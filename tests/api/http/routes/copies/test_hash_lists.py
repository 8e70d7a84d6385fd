"""Lists of hashes over HTTP: kept, told, and made of a collection's own pictures by a job."""

import threading

import pytest

from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support.drawings import drawn, encoded
from tests.support.service import Running, Serve, problem_of

ONE = "0f" * 32


def test_what_one_collection_exports_another_keeps_and_its_lookups_ask(
    service: Running, client: Client, name: str
) -> None:
    records = [RecordBody(id=f"d{one}", images=[picture(encoded(drawn(one)))]) for one in range(3)]
    assert client.store(name, records).failed == 0
    job = client.wait_for_job(name, client.start_hashes(name).id)
    assert (job.kind, job.state, job.counts) == ("hashes", "done", {"hashes": 3, "unreadable": 0})
    assert (job.done, job.total) == (3, 3)
    listed = client.hashes_csv(name, job.id)
    assert [one.split(",")[2] for one in listed.splitlines()] == ["id", "d0", "d1", "d2"]
    other = f"{name}-other"
    client.put_collection(other)
    added = client.put_hash_list(other, "partner", listed + "wrong\n" + f"{ONE},10,plain\n")
    assert (added.name, added.hashes, added.plain) == ("partner", 3, 1)
    assert added.faults == "1 line is no hash, the first line 5"
    assert [(one.name, one.hashes) for one in client.hash_lists(other)] == [("partner", 3)]
    small = encoded(drawn(1).resize((240, 180)), "JPEG")
    found = client.lookup(other, small)
    assert (found.verdict, [one.label for one in found.listed]) == ("hash-match", ["d1"])
    kept = client.hash_list(other, "partner")
    assert kept.startswith("hash,label,sha256:")
    client.put_hash_list(other, "partner", f"{ONE}\n".encode())
    assert client.lookup(other, small).listed == []
    client.remove_hash_list(other, "partner")
    assert client.hash_lists(other) == []
    http, path = service.http(), f"/v1/collections/{other}/hash-lists/partner"
    assert "there are: none" in problem_of(http.delete(path), 404, "not-found")["detail"]
    problem_of(http.get(path), 404, "not-found")


def test_what_is_no_list_is_refused_and_nothing_is_kept(
    service: Running, client: Client, name: str
) -> None:
    client.put_collection(name)
    http, path = service.http(), f"/v1/collections/{name}/hash-lists"
    said = problem_of(http.put(f"{path}/partner", content="no hash\n"), 422, "bad-query")
    assert "the hash list partner has no PDQ hash" in said["detail"]
    problem_of(http.put(f"{path}/partner", content=""), 422, "bad-query")
    problem_of(http.put(f"{path}/partner", files={"list": ("a.csv", ONE)}), 422, "invalid")
    problem_of(http.put(f"{path}/.partner", content=ONE), 422, "invalid")
    assert http.put(f"{path}/..%2Fup", content=ONE).status_code == 404
    assert client.hash_lists(name) == []


def test_a_damaged_list_is_named_with_its_remedy_beside_sound_ones_and_mended(
    service: Running, client: Client, name: str
) -> None:
    client.put_collection(name)
    for one in ("other", "partner"):
        client.put_hash_list(name, one, ONE)
    kept = service.home / "collections" / name / "partner.hashes.csv"
    kept.write_text(kept.read_text()[:-9])
    other, partner = client.hash_lists(name)
    assert (other.hashes, other.damage) == (1, None)
    assert partner.damage is not None
    http, path = service.http(), f"/v1/collections/{name}"
    small = encoded(drawn(1).resize((240, 180)), "JPEG")
    answer = http.post(f"{path}/lookup", files={"image": small})
    assert problem_of(answer, 409, "damaged-list")["detail"] == partner.damage
    assert "DELETE" in partner.damage
    assert str(service.home) not in partner.damage
    missing = problem_of(http.delete(f"{path}/hash-lists/third"), 404, "not-found")
    assert "there are: other, partner" in missing["detail"]
    client.remove_hash_list(name, "partner")
    assert client.lookup(name, small).listed == []


def test_a_list_may_be_larger_than_other_bodies_are(serve: Serve) -> None:
    service = serve(max_body_bytes=2048)
    client = service.client()
    client.put_collection("c")
    lines = "".join(f"{number:064x}\n" for number in range(1000))
    assert client.put_hash_list("c", "large", lines).hashes == 1000


def test_readers_ask_lists_and_writers_change_them(serve: Serve) -> None:
    service = serve()
    reader, writer = (
        service.client(service.keys.add(access, access, None)) for access in ("read", "write")
    )
    writer.put_collection("c")
    writer.put_hash_list("c", "partner", ONE)
    assert [one.name for one in reader.hash_lists("c")] == ["partner"]
    assert ONE in reader.hash_list("c", "partner")
    for change in (
        lambda: reader.put_hash_list("c", "partner", ONE),
        lambda: reader.remove_hash_list("c", "partner"),
    ):
        with pytest.raises(ClientError, match="may not write"):
            change()
    job = reader.wait_for_job("c", reader.start_hashes("c").id)
    assert reader.hashes_csv("c", job.id) == "hash,quality,id\n"


def test_a_list_is_read_by_several_at_once(client: Client, name: str) -> None:
    assert client.store(name, [RecordBody(id="a", images=[picture(encoded(drawn(1)))])]).failed == 0
    job = client.wait_for_job(name, client.start_hashes(name).id)
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(client.hashes_csv(name, job.id)))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
