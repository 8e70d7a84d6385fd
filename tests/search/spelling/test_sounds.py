"""Words that sound alike."""

import pytest

from search.spelling.sounds import sound_alike


@pytest.mark.parametrize(
    ("word", "other"),
    [("sandles", "sandals"), ("earfones", "earphones"), ("fone", "phone"), ("mouce", "mouse"),
     ("charjer", "charger"), ("jewelery", "jewellery"), ("jaket", "jacket"), ("jens", "jeans")],
)  # fmt: skip
def test_what_is_written_by_ear_sounds_like_what_is_meant(word: str, other: str) -> None:
    assert sound_alike(word, other)
    assert sound_alike(other, word)


@pytest.mark.parametrize(
    ("word", "other"), [("handles", "sandals"), ("boot", "bite"), ("red", "rod"), ("", "eye")]
)
def test_other_words_sound_otherwise(word: str, other: str) -> None:
    assert not sound_alike(word, other)
