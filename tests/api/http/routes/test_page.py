"""The page is served whole, kept by clients while it is the same, and may run nothing else."""

import gzip
import hashlib
import json
import re

import httpx
import pytest

from tests.support import ROOT
from tests.support.service import Running, problem_of

VENDOR = ROOT / "api" / "page" / "vendor"


@pytest.fixture(scope="module")
def http(service: Running) -> httpx.Client:
    return service.http()


def addresses(text: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/page/[^"]+)"', text)


def test_every_file_the_page_names_is_there_and_kept_for_good(http: httpx.Client) -> None:
    page = http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    named = addresses(page.text)
    assert len(named) > 5
    for one in named:
        answer = http.get(one)
        assert answer.status_code == 200, one
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_module_that_is_imported_is_served(http: httpx.Client) -> None:
    waiting = [one for one in addresses(http.get("/").text) if one.endswith("main.js")]
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = http.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        base = httpx.URL(str(answer.url))
        named = re.findall(r"(?:from |import |import\()'(\.[^']+\.js)'", answer.text)
        waiting += [base.join(one).path for one in named]
    shipped = set((ROOT / "api" / "page").rglob("*.js"))
    assert len(seen) == len(shipped), "a module is shipped that nothing imports"


def test_what_the_first_search_needs_is_named_at_once_and_rooms_are_not(
    http: httpx.Client,
) -> None:
    text = http.get("/").text
    named = re.findall(r'rel="modulepreload" href="/page/\w+/([^"]+)"', text)
    assert {"main.js", "vendor/preact.js", "state/results.js", "grid/layout.js"} <= set(named)
    assert not [one for one in named if one.startswith(("rules/", "copies/", "manage/", "detail/"))]
    assert len(named) == len(set(named))
    assert 'data-keys="none"' in text
    assert "{" not in text


def test_a_file_of_another_version_is_not_kept(http: httpx.Client) -> None:
    assert http.get("/page/000000000000/main.js").headers["cache-control"] == "no-store"


def test_what_is_no_file_of_the_page_is_not_found(http: httpx.Client) -> None:
    for path in ("nothing.js", "..%2F..%2Fapp.py", "vendor", "vendor/", "main.js/"):
        answer = http.get(f"/page/000000000000/{path}")
        problem_of(answer, 404, "no-such-path")


def test_the_page_may_run_its_own_scripts_and_nothing_else(http: httpx.Client) -> None:
    policy = http.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "unsafe" not in policy
    assert "sandbox" in http.get("/v1/collections").headers["content-security-policy"]


def test_files_are_sent_small_to_those_who_take_them_so(http: httpx.Client) -> None:
    with http.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    plain = http.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content


def test_what_comes_from_others_is_what_its_list_says() -> None:
    listed = json.loads((VENDOR / "SOURCES.json").read_text("utf-8"))
    assert hashlib.sha256((VENDOR / listed["file"]).read_bytes()).hexdigest() == listed["sha256"]
    lock = json.loads((ROOT / "scripts" / "vendor" / "package-lock.json").read_text("utf-8"))
    licences = (VENDOR / "LICENSES.txt").read_text("utf-8")
    assert listed["packages"]
    for one in listed["packages"]:
        locked = lock["packages"][f"node_modules/{one['name']}"]
        assert (one["version"], one["integrity"]) == (locked["version"], locked["integrity"])
        assert one["license"] in {"MIT", "Apache-2.0"}
        assert f"{one['name']}\n=" in licences


def test_the_page_adds_less_than_a_megabyte() -> None:
    files = [one for one in (ROOT / "api" / "page").rglob("*") if one.is_file()]
    assert sum(one.stat().st_size for one in files) < 1_000_000
