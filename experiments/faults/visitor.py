"""A visitor of the service: stores, changes, removes, searches, and notes what was answered."""

import base64
import random
from collections.abc import Callable

import httpx

from experiments.faults.promises import Content, Promises, State, picture_bytes
from experiments.faults.warm import visiting

COLLECTION = "c"
PICTURES = 12
_IDS = [f"r{number}" for number in range(10)]
_LONGEST_S = 60.0
_BASE = f"/v1/collections/{COLLECTION}"


class Visitor:
    """Makes random requests.

    Attributes:
        refusals: What was answered with an error that a fault may cause.
        problems: What should never be answered.
        is_gone: The service does not answer any more.
    """

    def __init__(self, url: str, promises: Promises, rng: random.Random) -> None:
        """Set up; ``close`` in the end.

        Args:
            url: The service's address.
            promises: Told what is asked for and acknowledged.
            rng: Chooses.
        """
        self._http = visiting(url, timeout_s=_LONGEST_S)
        self._promises = promises
        self._rng = rng
        self.refusals: list[str] = []
        self.problems: list[str] = []
        self.is_gone = False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def step(self) -> None:
        """Make one request, or a few that belong together."""
        choices: list[tuple[Callable[[], None], int]] = [
            (self._store, 6),
            (self._remove, 2),
            (self._patch, 2),
            (self._declare, 1),
            (self._find_duplicates, 1),
            (self._search, 2),
            (self._thumbnail, 1),
        ]
        actions, weights = zip(*choices, strict=True)
        self._rng.choices(actions, weights)[0]()

    def make_collection(self) -> None:
        """Make the collection."""
        self._ask("PUT", "", json={"model": "colour"})

    def _store(self) -> None:
        wanted: dict[str, State] = {
            one: self._content() for one in self._rng.sample(_IDS, self._rng.randint(1, 3))
        }
        for record_id, state in wanted.items():
            self._promises.attempt(record_id, state)
        records = [_body(one, state) for one, state in wanted.items() if state is not None]
        answer = self._ask("POST", "/records", json={"records": records})
        if answer is not None and answer.is_success:
            for result in answer.json()["results"]:
                if result["status"] == "stored":
                    self._promises.acknowledge(result["id"], wanted[result["id"]])
                else:
                    self.refusals.append(f"stored was {result}")

    def _content(self) -> Content:
        version = self._rng.randrange(1000)
        kind = self._rng.random()
        picture = self._rng.randrange(PICTURES) if kind < 0.85 else None
        title = f"title {version}" if kind > 0.7 else None
        return Content(version, picture, title)

    def _remove(self) -> None:
        record_id = self._rng.choice(_IDS)
        is_promised = self._is_promised(record_id)
        self._promises.attempt(record_id, None)
        answer = self._ask("DELETE", f"/records/{record_id}")
        if answer is not None and answer.status_code == 404 and is_promised:
            self.problems.append(f"{record_id} was to be removed, and is lost: {answer.text[:300]}")
        elif answer is not None and answer.status_code in (204, 404):
            self._promises.acknowledge(record_id, None)

    def _patch(self) -> None:
        record_id = self._rng.choice(_IDS)
        known = [one for one in self._promises.states().get(record_id, ()) if one is not None]
        if len(known) != 1:
            return
        state = Content(self._rng.randrange(1000), known[0].picture, known[0].title)
        is_promised = self._is_promised(record_id)
        self._promises.attempt(record_id, state)
        body = {"metadata": {"v": state.version}}
        answer = self._ask("PATCH", f"/records/{record_id}", json=body)
        if answer is not None and answer.status_code == 404 and is_promised:
            self.problems.append(f"{record_id} was to be changed, and is lost: {answer.text[:300]}")
        if answer is not None and answer.is_success:
            self._promises.acknowledge(record_id, state)

    def _is_promised(self, record_id: str) -> bool:
        """Tell whether a record must be there, in whichever state."""
        return None not in self._promises.states().get(record_id, {None})

    def _declare(self) -> None:
        kind = self._rng.choice(["number", "keyword", None])
        self._promises.declared.add(kind)
        answer = self._ask("PUT", "/schema", json={"fields": {"v": kind}})
        if answer is not None and answer.is_success:
            self._promises.declared = {kind}

    def _find_duplicates(self) -> None:
        answer = self._ask("POST", "/duplicates", json={})
        while answer is not None and answer.is_success:
            job = answer.json()
            if job["state"] not in ("waiting", "running"):
                return
            answer = self._ask("GET", f"/jobs/{job['id']}")

    def _search(self) -> None:
        data = base64.b64encode(picture_bytes(self._rng.randrange(PICTURES))).decode()
        self._ask("POST", "/search", json={"query": [{"image": data}], "limit": 3})

    def _thumbnail(self) -> None:
        self._ask("GET", f"/records/{self._rng.choice(_IDS)}/thumbnail")

    def _ask(self, method: str, path: str, *, json: object = None) -> httpx.Response | None:
        """Return the answer; None where nobody answers."""
        try:
            answer = self._http.request(method, f"{_BASE}{path}", json=json)
        except httpx.TransportError:
            self.is_gone = True
            return None
        if answer.is_success or answer.status_code == 404 or "is empty" in answer.text:
            return answer
        self.refusals.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        if not _is_clear(answer):
            self.problems.append(self.refusals[-1])
        return answer


def _is_clear(answer: httpx.Response) -> bool:
    """Tell whether an error is one that a fault of the disk explains, told in one line."""
    if answer.headers.get("content-type") != "application/problem+json":
        return False
    detail = answer.json()["detail"] or ""
    return answer.status_code in (500, 503, 507) and "\n" not in detail


def _body(record_id: str, content: Content) -> dict[str, object]:
    body: dict[str, object] = {"id": record_id, "metadata": {"v": content.version}}
    if content.picture is not None:
        body["images"] = [base64.b64encode(picture_bytes(content.picture)).decode()]
    if content.title is not None:
        body["texts"] = {"title": content.title}
    return body
