"""Tokens of texts in many scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.catalog import tokenizer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crème BRÛLÉE", ["creme", "brulee"]),
        ("ＮＩＫＥ ﾜﾝﾋﾟ", ["nike", "ワン", "ンピ", "ピ"]),
        ("Nike红色裙2023", ["nike", "红色", "色裙", "裙", "2023"]),
        ("寬鬆T恤，頭髮", ["宽松", "松", "t", "恤", "头发", "发"]),
        ("हिन्दी शब्द", ["हिन्दी", "शब्द"]),
        ("서울", ["서울", "울"]),
        ("\x00\ud800 --- !", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokenizer.tokens_of(text, 100)[0] == expected


@given(st.text(max_size=60))
def test_tokens_of_a_text_are_those_of_its_runs(text: str) -> None:
    several = [token for run in tokenizer.runs(tokenizer.fold(text)) for token in run.tokens]
    assert tokenizer.tokens_of(text, 1000)[0] == several
    assert all(token and " " not in token and '"' not in token for token in several)
    assert tokenizer.fold(tokenizer.fold(text)) == tokenizer.fold(text)
