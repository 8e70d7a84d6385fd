import pytest

from experiments.engines import engine_speed
from tests.support.postgres_server import PostgresServer


@pytest.mark.slow
def test_a_small_table_has_a_line_for_each_store_and_case(
    vector_server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--count", "2000", "--dimension", "16", "--queries", "4"]
    monkeypatch.setattr("sys.argv", ["engine_speed", vector_server.address, *options])
    engine_speed.main()
    lines = capsys.readouterr().out.splitlines()
    for store in ("FAISS flat", "FAISS lists", "engine"):
        cases = [line for line in lines if line.startswith(f"| {store} |")]
        assert len(cases) == 6
        assert "| 1.000 |" in cases[0] or store == "FAISS lists"
