"""The card of ``mini``: what it learned from, what it is for, how good it is."""

# ruff: noqa: E501 - the card is Markdown, not code

from pathlib import Path
from typing import Any

_CARD = """# mini

The model that comes with Binocle: an image tower (MobileNetV4-Conv-M, {image:.1f} million weights, {side} x {side} pixels) and
a text tower ({text:.1f} million weights, {context} tokens, lower case) into one space of {width} dimensions, stored as 8-bit integers. It exists so that a
fresh installation finds things with no network and no download, and for tests. **It is not meant for serious use**:
`binocle models` lists models trained on a billion pictures and more.

## What it learned from

- 6,000 photos of Flickr8k with their 30,000 captions (Hodosh, Young and Hockenmaier 2013; for research),
- {products:,} fashion products (thumbnails of 60 x 80 pixels) with titles, colours and kinds, 1,976 electronics products with names,
- 2,554 photos of Caltech-101 (CC BY 4.0) without their labels,
- two teachers: for pictures a MobileNetV2 trained on ImageNet (Apache-2.0), for texts the sentence encoder
  all-MiniLM-L6-v2 (Apache-2.0). Neither is part of the model, nor did a tower start from their weights.

## How

Regularised canonical correlation analysis, then a few epochs of contrastive training, bring the teachers' features of the
pictures and of their texts into one space. Both towers regress on that space: pictures on windows of any size that the teacher
looks at as well, half of them mixed two by two; texts on the captions and titles and on {made_up:,} made-up texts that hold
every word the sentence encoder knows. Later, pictures and their own texts also attract each other (InfoNCE). The shipped weights are an average along the way. `python -m training.mini --help` repeats
it: {steps:,} steps of {pictures} pictures with a text and {crops} windows in {minutes:.0f} minutes on {device}.

## How good it is

Measured on what it has not seen: Flickr8k's 1,000 dev photos with 5 captions each, 2,000 products; Caltech-101's labels (its
photos were seen without them). Percent.

| | |
|---|---|
{figures}

## What it is bad at

Whatever is neither an everyday photo nor a product: drawings, maps, screenshots, documents, medical or satellite pictures. Text
in pictures, names of people and places, counting, left and right, "not". Languages other than English. Fine differences
(breeds, car models). What few photos of people it has seen, it generalises from.

## Instead

`ViT-B-16-SigLIP2/webli` for quality, `ViT-B-32-256/datacomp_s34b_b86k` for speed; `binocle train` makes a better one out of either with a few
hundred pairs of your own.

## Licence

The code is Apache-2.0. The weights come from data of which part is for research only; use them to try Binocle, not in a product.
"""

_NAMES = {
    "t2i@1": "photo found by its caption, recall@1",
    "t2i@5": "… recall@5",
    "t2i@10": "… recall@10",
    "i2t@1": "caption found by its photo, recall@1",
    "i2t@5": "… recall@5",
    "i2t@10": "… recall@10",
    "title@10": "product found by its title, recall@10",
    "colour+article P@10": "“colour and article” queries, precision@10",
    "caltech zero-shot": "zero-shot labels, 101 classes, accuracy",
    "paraphrases": "paraphrases: share of the top 10 in common",
}


def write_card(path: Path, facts: dict[str, Any], found: dict[str, float]) -> None:
    """Write the card.

    Args:
        path: Of the file.
        facts: What the text names.
        found: As ``measure`` returns; empty where nothing was held back.
    """
    figures = "\n".join(f"| {_NAMES[name]} | {value:.1f} |" for name, value in found.items())
    path.write_text(_CARD.format(**facts, figures=figures or "| not measured | |"), "utf-8")


_LANGUAGES = """## Languages

English is what it learned first. Chinese, German, French and Czech came later, from captions by people of the same
6,000 Flickr8k photos ({texts:,} in all) and from {words} everyday words that this project wrote down in English, Chinese and German.
Only rows of {tokens:,} tokens were learned for that, {taken} of them rare English ones that are common words of the others: pictures,
and English texts without these, have the same vectors as before. What it knows
in another language is what those captions and words say; a brand or a breed has to be asked for in English. Captions in Chinese are
short, which is why fewer of them tell their photo from a thousand others.

| Flickr8k dev, recall@10, percent | photo found by its caption | caption found by its photo |
|---|---|---|
{figures}

{questions}"""
_QUESTIONS = """What people type is shorter than a caption: questions of a few words, which this project wrote to measure with
(`training/mini/languages/questions.txt`), to the dev photos, and colours with articles to 2,000 products.

| precision, percent | photos, best 5 | products, best 10 |
|---|---|---|
{figures}

"""
_SAID = {"zh": "Chinese", "de": "German", "fr": "French", "cs": "Czech"}


def add_languages(card: str, facts: dict[str, Any], found: dict[str, float]) -> str:
    """Return the English model's card with what is to say of other languages.

    Args:
        card: The English model's.
        facts: ``texts``, ``words``, ``tokens`` and tokens ``taken`` over, how many there are.
        found: As ``measure_languages`` and ``measure_questions`` return.
    """
    figures = "\n".join(
        f"| {said} | {found[f'{code} t2i@10']:.1f} | {found[f'{code} i2t@10']:.1f} |"
        for code, said in _SAID.items()
        if f"{code} t2i@10" in found
    )
    answered = "\n".join(
        f"| {said} | {found[f'{code} photos P@5']:.1f} | {found[f'{code} products P@10']:.1f} |"
        for code, said in (("en", "English"), *_SAID.items())
        if f"{code} photos P@5" in found and f"{code} products P@10" in found
    )
    questions = _QUESTIONS.format(figures=answered) if answered else ""
    section = _LANGUAGES.format(**facts, figures=figures, questions=questions)
    card = card.replace("Languages other than English. ", "Languages but these five. ")
    return card.replace("## How good it is", section + "## How good it is", 1)
