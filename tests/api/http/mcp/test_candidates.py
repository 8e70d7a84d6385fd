"""What is offered instead of a name that there is not."""

from api.http.mcp.candidates import nearest, unknown


def test_the_nearest_come_first_and_nothing_that_is_unlike() -> None:
    names = ["colour", "price", "brand"]
    assert nearest("color", names) == ["colour"]
    assert nearest("PRICE", names)[0] == "price", "capitals do not count"
    assert nearest("zzz", names) == []


def test_the_error_names_the_nearest_and_then_a_few_others() -> None:
    names = [f"field_{number:02}" for number in range(40)]
    said = str(unknown("field", "field_17x", names, "filter"))
    assert said.startswith('no field "field_17x"; there are: "field_17"')
    assert said.count('"field_') == 13, "the wrong one, and twelve"
    assert said.endswith(", …")
    assert str(unknown("field", "x", [], "filter")) == 'no field "x"; there is no field at all'


def test_a_long_name_or_one_with_lines_stays_short_and_in_one_line() -> None:
    said = str(unknown("field", "x\n" * 1000, ["y"], "filter"))
    assert len(said) < 150
    assert len(said.splitlines()) == 1
