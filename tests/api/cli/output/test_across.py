"""What several collections answer, as it is printed."""

from pathlib import Path

from tests.support.shop import run_cli


def test_others_of_a_group_are_shown_with_their_collections_and_how_to_go_on(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    (tmp_path / "t.csv").write_text("id,title,color\n1,a red bag,red\n2,a blue bag,blue\n")
    for name in ("one", "two"):
        options = ("--id-column", "id", "--text-column", "title")
        assert run_cli(home, "index", tmp_path / "t.csv", "-c", name, *options)[0] == 0
    asked = ("search", "bag", "-c", "one,two", "--group", "color:2", "--tokens")
    code, out, err = run_cli(home, *asked)
    assert code == 0, err
    shown = [line.split("\t") for line in out.splitlines()]
    assert sorted(name for line in shown for name in line if name in {"one", "two"}) == [
        "one", "one", "two", "two",
    ]  # fmt: skip
    assert "to refine it: --refine" in err
