"""Everyday words and phrases made of them."""

from training.mini.languages.lexicon import phrases, read_words, traditional


def test_every_word_is_said_in_three_languages_and_nouns_have_a_gender() -> None:
    words = read_words()
    assert len(words) > 600
    for word in words:
        assert word.english, word
        assert all(word.chinese), word
        assert word.german, word
        is_noun = word.kind not in {"colour", "adjective", "verb", "place"}
        assert (word.gender in set("resp")) if is_noun else not word.gender, word


def test_phrases_are_the_same_each_time_and_say_the_same_in_each_language() -> None:
    made = phrases(300, 0)
    assert made == phrases(300, 0)
    assert len(made) > 300 + len(read_words())
    by_english = {one.english: one for one in made}
    assert by_english["birthday cake"].german == "Geburtstagstorte"
    assert all(one.english and one.chinese and one.german for one in made)
    coloured = [one for one in phrases(3000, 1) if one.english == "red dress"]
    assert {one.german for one in coloured} <= {"rotes Kleid"}


def test_traditional_characters_are_others_than_the_simplified() -> None:
    pairs = traditional()
    assert pairs["红"] == "紅"
    assert all(old != new and len(old) == len(new) == 1 for new, old in pairs.items())
