"""Short questions in three languages, and what answers them."""

import numpy as np

from training.mini.languages.questions import ShortQuestion, ask_photos, ask_products, precision
from training.mini.pictures import MiniPictures


def pictures(captions: list[str], labels: list[str] | None = None) -> MiniPictures:
    count = len(captions)
    return MiniPictures("any", [b""] * count, [[one] for one in captions], labels or [""] * count)


def test_photos_answer_a_question_where_a_caption_says_so() -> None:
    said = ["A man plays a guitar", "a bus", "Two guitars", "a dog", "a guitarist sings", "busy"]
    asked = {one.said: one.right for one in ask_photos(pictures(said))}
    assert asked["a man playing guitar", "弹吉他的男人", "Mann spielt Gitarre"] == {0, 2, 4}
    assert all(said[0] != "bus" for said in asked)  # one photo is too few


def test_products_answer_a_question_where_their_label_says_so() -> None:
    red = "Apparel - Topwear - Shirts - Red - Casual"
    labels = [red] * 11 + ["Apparel - Topwear - Shirts - Blue - Casual"] * 9 + [""] * 3
    asked = ask_products(pictures(["a"] * len(labels), labels))
    assert [one.said for one in asked] == [("red shirts", "红色衬衫", "rotes Hemd")]
    assert asked[0].right == frozenset(range(11))


def test_precision_counts_no_more_pictures_than_are_right() -> None:
    rows = np.eye(8, dtype=np.float32)
    asked = [
        ShortQuestion(("", "", ""), frozenset({0, 1})),  # the second best is another
        ShortQuestion(("", "", ""), frozenset({2, 3, 4, 5, 6, 7})),
    ]
    texts = np.array([[9, 1, 2, 0, 0, 0, 0, 0], [0, 1, 5, 4, 3, 2, 0, 0]], np.float32)
    assert precision(texts, rows, asked, 2) == 75
    assert precision(texts, rows, asked, 5) == 90
