"""Whether a data home keeps its promises, asked of a service that is started on it."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx

from binocle.catalog import catalog_file
from experiments.faults.promises import Content, Promises, State, picture_bytes
from experiments.faults.scenes import Scene, resume
from experiments.faults.visitor import COLLECTION, PICTURES
from experiments.faults.warm import Served, WarmProgram, serving, visiting

_SEARCHED = 3
_AFTERWARDS = "afterwards"
_CATALOG = "catalog.sqlite"


def broken_after(scene: Scene, home: Path, promises: Promises) -> list[str]:
    """Return what is broken on a home after a scene, and when what was cut short is done again."""
    found = broken_promises(scene.warm, home, promises)
    again = replace(scene, home=home, promises=promises, problems=[], refused=0)
    again.plan.clear()
    if resume(again):
        found += again.problems + broken_promises(scene.warm, home, promises)
    return found


def broken_promises(warm: WarmProgram, home: Path, promises: Promises) -> list[str]:
    """Start a service on a home; return a sentence for all that is not as it should be."""
    folder = home / "collections" / COLLECTION
    if not (folder / _CATALOG).exists():
        lost = [one for one, states in promises.states().items() if None not in states]
        return [f"the catalogue is gone, with {len(lost)} records"] if lost else []
    originals = _originals(folder)
    with serving(warm, home) as served:
        if not served.is_ready():
            return [f"the service does not start: {served.child.printed()[-400:]}"]
        found = list(_compared(served, promises))
        if "is not ready" in served.child.printed() or "Traceback" in served.child.printed():
            found.append(f"the service says: {served.child.printed()[-1200:]}")
    if missing := originals - _originals(folder):
        found.append(f"the start removed {len(missing)} originals")
    return [*found, *_damages(folder)]


def _originals(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("**/uploads/*/*") if path.suffix != ".tmp"}


def _compared(served: Served, promises: Promises) -> Iterator[str]:
    numbers = {hashlib.sha256(picture_bytes(n)).hexdigest(): n for n in range(PICTURES)}
    base = f"{served.url}/v1/collections/{COLLECTION}"
    with visiting(base, timeout_s=60) as http:
        answer = http.get("/records", params={"limit": 1000})
        if not answer.is_success:
            yield f"records cannot be listed: {answer.text[:300]}"
            return
        found = {one["id"]: _state_of(http, one, numbers) for one in answer.json()["records"]}
        states = promises.states()
        found.pop(_AFTERWARDS, None)
        for record_id in sorted(states.keys() | found.keys()):
            allowed = states.get(record_id, frozenset({None}))
            if found.get(record_id) not in allowed:
                yield f"{record_id} is {found.get(record_id)}, not {sorted(map(str, allowed))}"
        yield from _unfound(http, found)
        yield from _undeclared(http, promises)
        record = {"id": _AFTERWARDS, "texts": {"title": "it goes on"}}
        answer = http.post("/records", json={"records": [record]})
        if not answer.is_success or answer.json()["stored"] != 1:
            yield f"nothing can be stored afterwards: {answer.text[:300]}"


def _state_of(http: httpx.Client, record: dict[str, object], numbers: dict[str, int]) -> State:
    parts = record["parts"]
    assert isinstance(parts, list)
    metadata = record["metadata"]
    assert isinstance(metadata, dict)
    picture = None
    if any(one["kind"] == "image" for one in parts):
        picture = numbers.get(metadata.get("sha256", ""))
        if "/" not in str(record["id"]):  # uploaded, so that the program keeps the picture
            answer = http.get(f"/records/{quote(str(record['id']))}/image")
            if hashlib.sha256(answer.content).hexdigest() != metadata.get("sha256"):
                picture = -answer.status_code
    title = next((one["text"] for one in parts if one["kind"] == "text"), None)
    return Content(metadata.get("v", 0), picture, title)


def _unfound(http: httpx.Client, found: dict[str, State]) -> Iterator[str]:
    """Yield the records that their own pictures do not find."""
    pictures = {
        one: state.picture
        for one, state in found.items()
        if state is not None and state.picture is not None and state.picture >= 0
    }
    for record_id, number in list(pictures.items())[:_SEARCHED]:
        data = base64.b64encode(picture_bytes(number)).decode()
        answer = http.post("/search", json={"query": [{"image": data}], "limit": 20})
        hits = answer.json()["hits"] if answer.is_success else []
        if not any(hit["id"] == record_id and hit["similarity"] > 0.999 for hit in hits):
            yield f"{record_id} is not found by its picture: {answer.text[:300]}"


def _undeclared(http: httpx.Client, promises: Promises) -> Iterator[str]:
    fields = http.get("/schema").json()["fields"]
    kind = next((one["type"] for one in fields if one["name"] == "v" and one["declared"]), None)
    if kind not in promises.declared:
        yield f"the field v is declared as {kind}, not {promises.declared}"


def _damages(folder: Path) -> Iterator[str]:
    """Yield what SQLite, and a look at its tables, say of a catalogue."""
    with catalog_file.reading(folder / _CATALOG) as catalog:
        for told in catalog.faults(thorough=True):
            yield f"integrity_check says {told}"
        if strays := catalog.rows("PRAGMA foreign_key_check"):
            yield f"foreign_key_check says {strays[:3]}"
        bare = "SELECT id FROM parts WHERE id NOT IN (SELECT part_id FROM vectors)"
        if parts := catalog.rows(bare):
            yield f"{len(parts)} parts have no vector"
