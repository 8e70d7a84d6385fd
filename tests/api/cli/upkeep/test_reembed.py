"""``binocle reembed`` beside a service that goes on."""

import json
from pathlib import Path

import pytest

from binocle.errors import UsageError
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, bodies
from tests.support.sound_home import filled, home

__all__ = ["filled", "home"]


@pytest.mark.model
def test_service_goes_on_with_the_other_model(home: Path) -> None:
    with running(home) as service:
        client = service.client()
        before = client.search(NAME, "a red scarf").hits
        assert before
        code, out, err = run_cli(home, "reembed", NAME, "--model", "mini", "--yes", "--json")
        assert code == 0, err
        facts = json.loads(out)
        assert (facts["pictures"], facts["texts"], facts["model"]) == (18, 12, "mini")
        assert "compared on the collection's own queries" in err
        assert client.collection(NAME).model == "mini"
        assert client.search(NAME, "a red scarf").hits
        assert client.store(NAME, bodies(60, 1)).stored == 1
        assert client.image(NAME, "g1")
    code, out, _ = run_cli(home, "doctor", NAME)
    assert code == 0, out


def test_it_asks_and_tells_what_it_would_cost(home: Path) -> None:
    with pytest.raises(UsageError, match="already"):
        run_cli(home, "reembed", NAME, "--model", "colour")
    code, out, err = run_cli(home, "reembed", NAME, "--model", "colour", "--again", "--yes")
    assert code == 0, err
    assert "is embedded with colour now" in out
    code, out, err = run_cli(home, "reembed", NAME, "--model", "mini")
    assert code == 2
    assert "18 pictures and 12 texts with mini" in out
    assert "--yes" in err
