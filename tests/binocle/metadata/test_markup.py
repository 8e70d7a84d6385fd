"""HTML is taken out of texts, and nothing else is."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binocle.metadata.markup import without_markup
from tests.support.processor_time import seconds


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>Red <b>shirt</b>&nbsp;for&nbsp;men</p><p>Cotton</p>", "Red shirt for men\nCotton"),
        ("Shirt &amp; Tie", "Shirt & Tie"),
        ("Tom &#39;n&#x27; Anna", "Tom 'n' Anna"),
        ("one<br/>two<BR>three<br class='x' />four", "one\ntwo\nthree\nfour"),
        ("<ul><li>wool</li><li>warm</li></ul>", "wool\nwarm"),
        ('<span style="a>b">H</span><sub>2</sub>O', 'b">H2O'),  # no browser's whole parser
        ("&lt;p&gt;Red&lt;/p&gt; &amp; blue", "Red\n& blue"),
        ("<style>p { color: red }</style>Blue<!-- red --> sky<script>x = 1", "Blue sky"),
        ("<img src='a.jpg'>", "<img src='a.jpg'>"),  # nothing would be left
        ("a < b > c", "a < b > c"),
        ("I <3 you", "I <3 you"),
        ("AT&T, R&D; Q&A", "AT&T, R&D; Q&A"),
        ("<person> waves, x<y and y>z", "<person> waves, x<y and y>z"),
        ("Größe & Farbe", "Größe & Farbe"),
    ],
)
def test_text_without_markup(text: str, plain: str) -> None:
    assert without_markup(text) == plain


@given(st.text(alphabet="ab <>&;/p#39amp\n", max_size=40))
def test_what_has_neither_tags_nor_entities_comes_back(text: str) -> None:
    plain = without_markup(text)
    if "&" not in text and not any(f"<{one}" in text for one in ("a", "b", "p", "/")):
        assert plain == text
    assert bool(plain) == bool(text)


def test_hostile_markup_takes_no_long_time() -> None:
    for text in ("<p " * 200_000, "<!--" * 200_000, "<script>" * 100_000, "&a" * 300_000):
        assert seconds(partial(without_markup, text)) < 2
