"""Options of ``binocle search`` that are not written down there."""

import click
import pytest

from api.cli.search import search
from api.http.schemas.search import SearchIn


def test_plain_parts_of_a_search_are_options_by_themselves() -> None:
    with click.Context(search) as context:
        options = {one.name: one for one in search.get_params(context)}
        assert "collapse" not in {one.name for one in search.params}
        assert isinstance(options["collapse"], click.Option)
        assert options["collapse"].is_flag
        assert options["collapse"].help == f"{SearchIn.model_fields['collapse'].description}."


def test_its_value_is_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(search, "callback", lambda **typed: seen.update(typed))
    search.main(["red", "--collapse"], standalone_mode=False)
    assert seen["collapse"] is True
    search.main(["red"], standalone_mode=False)
    assert seen["collapse"] is False
