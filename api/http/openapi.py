"""Writes docs/openapi.json: ``python -m api.http.openapi``. A test holds it against the service."""

import json
import tempfile
from pathlib import Path

from api.container import Container
from api.http.app import create_app
from api.settings import Settings

PATH = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def schema_text() -> str:
    """Return the OpenAPI document of a service without keys."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Container(Settings(home=Path(home))))
        return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    PATH.write_text(schema_text())
