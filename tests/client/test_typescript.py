"""The TypeScript client is generated from docs/openapi.json, and tried in Node on a service."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright

from tests.api.page.conftest import CHROMIUM, launched
from tests.support import ROOT, picture_bytes
from tests.support.buckets import listing
from tests.support.examples import blocks_of, example_service
from tests.support.service import Running, running

_NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
_EXAMPLES = blocks_of("ts")
_LEFT_OUT = shutil.ignore_patterns("node_modules", "dist", "build", "schema.ts")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("npm"), reason="no 'npm' on the PATH; try: apt-get install nodejs npm"
    ),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is made of a checkout; made once for all processes of the tests."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / "typescript", shared / "typescript.done"
    with FileLock(shared / "typescript.lock"):
        if not done.exists():
            build(folder)
            done.touch()
    return folder / "client-ts"


def build(folder: Path) -> None:
    """Build the package, its tests and the page's examples."""
    shutil.rmtree(folder, ignore_errors=True)  # of another process, which failed
    shutil.copytree(ROOT / "client-ts", folder / "client-ts", ignore=_LEFT_OUT)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "openapi.json", folder / "docs")
    package = folder / "client-ts"
    for number, example in enumerate(_EXAMPLES):
        (package / "test" / f"example-{number}.ts").write_text(f"{example}\nexport {{}};\n")
    install = run(package, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    if install.returncode and any(one in install.stderr for one in _NO_NETWORK):
        pytest.skip("npm cannot reach its registry")
    for done in (
        install,
        run(package, "npm", "run", "build"),
        run(package, "npx", "tsc", "--project", "tsconfig.test.json"),
    ):
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("examples")
    with example_service(folder) as service:
        yield service, folder


def run(folder: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, check=False, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.long
def test_the_client_does_what_a_shop_needs(package: Path, tmp_path: Path) -> None:
    with running(tmp_path / "home") as service:
        (tmp_path / "picture.jpg").write_bytes(picture_bytes(3))
        done = run(
            package, "node", "--test", "build/",
            BINOCLE_URL=service.url, BINOCLE_KEY=service.keys.add("shop", "write", None),
            BINOCLE_PICTURE=str(tmp_path / "picture.jpg"),
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "# fail 0" in done.stdout


@pytest.mark.parametrize("number", range(len(_EXAMPLES)))
def test_an_example_runs(package: Path, asked: tuple[Running, Path], number: int) -> None:
    service, folder = asked
    built = package / "build" / f"example-{number}.js"
    text = built.read_text("utf-8").replace("http://localhost:8765", service.url)
    uses_service = service.url in text
    built.with_name(f"run-{number}.js").write_text(text)
    done = run(folder, "node", str(built.with_name(f"run-{number}.js")))
    assert done.returncode == 0, done.stderr
    assert bool(done.stdout) == uses_service


def test_the_example_checks_signatures_as_they_are_made(package: Path) -> None:
    (number,) = (n for n, text in enumerate(_EXAMPLES) if "isGenuine" in text)
    key, body = b"k" * 24, '{"type": "job.done"}'
    signature = base64.b64encode(hmac.digest(key, f"id.17.{body}".encode(), hashlib.sha256))
    headers = {
        "webhook-id": "id", "webhook-timestamp": "17",
        "webhook-signature": f"v1,{signature.decode()}",
    }  # fmt: skip
    given = (f"whsec_{base64.b64encode(key).decode()}", headers)
    built = package / "build" / f"example-{number}.js"
    calls = [f"console.log(isGenuine(...{json.dumps([*given, one])}));" for one in (body, "{}")]
    checked = built.with_name("signatures.js")
    checked.write_text("\n".join([built.read_text("utf-8"), *calls]))
    assert run(package, "node", str(checked)).stdout.split() == ["true", "false"]


@pytest.mark.skipif(CHROMIUM is None, reason="no 'chromium' on the PATH")
def test_the_client_runs_in_a_browser(package: Path, tmp_path: Path) -> None:
    modules = {
        "openapi-fetch": "/node_modules/openapi-fetch/dist/index.mjs",
        "binocle-client": "/dist/index.js",
    }
    (package / "page.html").write_text(
        f'<script type="importmap">{json.dumps({"imports": modules})}</script>'
    )
    script = """async (url) => {
        const { Client } = await import("binocle-client");
        const client = new Client(url);
        await client.put("/v1/collections/{name}", { params: { path: { name: "c" } }, body: {} });
        const texts = { title: 'bag' };
        const records = [1, 2, 3].map((n) => ({ id: `${n}`, metadata: { n }, texts }));
        for await (const { status } of client.importRecords("c", records))
            if (status !== "stored") throw new Error(status);
        const pages = [];
        for await (const page of client.searchPages("c", { filter: { n: { gte: 1 } }, limit: 2 }))
            pages.push(page.hits.length);
        return pages;
    }"""
    with (
        listing(package) as pages,
        running(tmp_path / "home", cors_origins=(pages.url,)) as service,
        sync_playwright() as playwright,
        launched(playwright.chromium) as browser,
    ):
        page = browser.new_page()
        page.goto(f"{pages.url}/page.html")
        assert page.evaluate(script, service.url) == [2, 1]
