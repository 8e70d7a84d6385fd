"""What importing the kernel brings along."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HEAVY = {"torch", "open_clip", "faiss", "sqlalchemy", "fastapi", "starlette", "uvicorn"}
KERNEL = (
    "binocle",
    "binocle.errors",
    "binocle.types",
    "binocle.metadata.columns",
    "binocle.metadata.filter_parsing",
    "binocle.fingerprints.verification",
    "binocle.media.images",
    "binocle.media.decoder_pool",
    "binocle.encoders.registry",
)
_COMMAND = """
import importlib, json, sys
heavy, modules, model = json.loads(sys.argv[1])
brought = {}
for module in modules:
    before = set(sys.modules)
    importlib.import_module(module)
    brought[module] = sorted(set(heavy) & sys.modules.keys() - before)
try:
    sys.modules["binocle.encoders.registry"].open_encoder(model)
except Exception as error:
    brought[str(error)] = sorted(set(heavy) & sys.modules.keys())
print(json.dumps(brought))
"""


@pytest.fixture(scope="module")
def brought() -> Mapping[str, list[str]]:
    """The engines and frameworks that came with each module, imported one after the other."""
    given = json.dumps([sorted(HEAVY), KERNEL, "/no/such/model"])
    command = [sys.executable, "-c", _COMMAND, given]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(shown.stdout)
    return found


@pytest.mark.parametrize("module", KERNEL)
def test_the_kernel_imports_no_engine_and_no_framework(
    brought: Mapping[str, list[str]], module: str
) -> None:
    assert brought[module] == []


def test_folders_are_indexed_without_a_client_for_the_web() -> None:
    code = "import sys, indexer.sources.registry; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_model_folder_is_told_of_before_torch_is_imported(
    brought: Mapping[str, list[str]],
) -> None:
    assert brought[f"no model folder at {Path('/no/such/model')}"] == []
