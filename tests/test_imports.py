"""What importing the kernel brings along."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "open_clip", "faiss", "sqlalchemy", "fastapi", "starlette", "uvicorn"}


@pytest.mark.parametrize(
    "module",
    [
        "binocle",
        "binocle.errors",
        "binocle.types",
        "binocle.metadata.columns",
        "binocle.metadata.filter_parsing",
        "binocle.fingerprints.verification",
        "binocle.media.images",
        "binocle.media.decoder_pool",
        "binocle.encoders.registry",
    ],
)
def test_the_kernel_imports_no_engine_and_no_framework(module: str) -> None:
    command = f"import sys, {module}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []
