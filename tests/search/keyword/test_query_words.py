"""What somebody typed is read as words, phrases and exclusions."""

import pytest

from search.keyword.query_words import MAX_WORDS, Word, parse


def tokens(text: str) -> list[str]:
    return [word.token for word in parse(text).words]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Red DRESS", ["red", "dress"]),
        ("the dog and the ball", ["dog", "ball"]),
        ("the", ["the"]),  # stop words where there are no others
        ("a photo of a dog", ["dog"]),
        ("photo printer", ["photo", "printer"]),
        ("don't", ["dont"]),  # not the letter t, as of a T-shirt
        ("don’t panic", ["panic"]),
        ("men's shirts", ["men", "shirts"]),  # nor the size s
        ("Levi's", ["levi"]),
        ("t-shirt rock'n'roll", ["t", "shirt", "rock", "n", "roll"]),
        ("", []),
    ],
)
def test_words_are_folded_and_those_that_say_nothing_left_out(typed: str, read: list[str]) -> None:
    assert tokens(typed) == read


def test_quoted_words_are_required_and_minus_excludes() -> None:
    words = parse('dress "watch strap" -red -"blue shoe"')
    assert words.required == (("watch", "strap"),)
    assert words.excluded == (("red",), ("blue", "shoe"))
    assert [word.token for word in words.words] == ["dress", "watch", "strap"]


def test_last_word_may_go_on_and_a_star_is_a_beginning() -> None:
    assert [word.may_go_on for word in parse("red dre").words] == [False, True]
    assert not any(word.may_go_on for word in parse("red dress ").words)
    assert [word.is_beginning for word in parse("dre* red").words] == [True, False]


def test_neighbouring_words_may_be_joined_or_cut_elsewhere() -> None:
    (window,) = parse("smart watch ").windows
    assert (window.first, window.end, window.phrases) == (0, 2, (("smartwatch",),))
    ways = {way for window in parse("wh1000 ").windows for way in window.phrases}
    assert ("wh", "1000") in ways or ("wh1000",) in ways
    assert not parse("14 1 ").windows  # 14.1 is no 141


def test_characters_without_spaces_are_read_in_pairs() -> None:
    words = parse("红色鞋").words
    assert [word.token for word in words] == ["红色", "色鞋"]
    assert all(word.paired for word in words)
    assert [word.ends_run for word in words] == [False, True]


def test_what_is_too_long_is_cut() -> None:
    assert len(parse(" ".join(f"w{n}" for n in range(100))).words) == MAX_WORDS
    assert parse(" ".join("w" for _ in range(100))).whole == ()


def test_words_with_digits_are_told() -> None:
    assert Word("xm4").has_digits
    assert not Word("sony").has_digits


def test_shortened_words_are_found_as_they_are_written() -> None:
    assert [window.phrases for window in parse("don't").windows] == [(("don", "t"),)]
    assert [window.phrases for window in parse("men's").windows] == [(("mens",),)]
    assert parse("men's").whole == ("men", "s")
    assert parse('"don\'t"').required == (("don", "t"),)
