"""The texts the text tower learns from beyond the captions, and the tokenizer they are cut by.

The sentence encoder gives every text a target, so texts need no picture. What matters is that
each word a user may type occurs often and in company: alone ("sneakers"), in a prompt ("a photo
of a sneakers"), in short queries, in place of another word of a caption.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from open_clip.zero_shot_metadata import IMAGENET_CLASSNAMES, OPENAI_IMAGENET_TEMPLATES

CONTEXT = 40
if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unknown>"
_WORD = re.compile(r"[a-z]+")
_LINKS = ("and", "on", "in", "with", "near", "of", "for", "behind", "under", "at the", "next to")
_FRAMES = (
    "{}",
    "{}",
    "a {}",
    "the {}",
    "a photo of a {}",
    "a picture of {}",
    "two {}",
    "{} outdoors",
)


def class_prompts(per_class: int) -> list[list[str]]:
    """Return prompts for each class: first its bare name, then templates."""
    rng = random.Random(1)
    templates = list(OPENAI_IMAGENET_TEMPLATES)
    prompts = []
    for name in IMAGENET_CLASSNAMES:
        chosen = rng.sample(templates, per_class - 1)
        prompts.append([name, *(template(name) for template in chosen)])
    return prompts


def product_phrases(description: str) -> list[str]:
    """Say what a fashion product's path tells, as people search for it.

    ``Apparel - Topwear - Kurtas - Red - Ethnic`` gives "red kurtas", "red kurta", "a red kurta",
    "ethnic red kurtas" and "kurtas".
    """
    parts = [part.strip().lower() for part in description.split(" - ")]
    if len(parts) < 4:
        return []
    article, colour, usage = parts[2], parts[3], parts[-1]
    single = _singular(article)
    phrases = [f"{colour} {article}", f"{colour} {single}", f"a {colour} {single}", article]
    phrases += [f"{article} in {colour}", f"{usage} {colour} {article}", f"{colour} {parts[1]}"]
    return [*phrases, f"{single}", colour]


def _singular(article: str) -> str:
    if article.endswith(("ss", "us", "pants", "jeans", "shorts", "trousers")):
        return article
    return article.removesuffix("s")


def made_up(captions: Sequence[str], titles: Sequence[str], words: Sequence[str], *, count: int,
            seed: int) -> list[str]:  # fmt: skip
    """Return texts for distillation: fragments, substitutions, prompts and word pairs.

    Args:
        captions: Sentences to cut and to put other words into.
        titles: Product titles, likewise.
        words: Single words worth knowing.
        count: How many texts.
        seed: Same seed, same texts.
    """
    rng = random.Random(seed)
    sentences = [one.split() for one in [*captions, *captions, *titles] if one.split()]
    names = list(IMAGENET_CLASSNAMES)
    templates = list(OPENAI_IMAGENET_TEMPLATES)
    texts: list[str] = []
    while len(texts) < count:
        kind = rng.random()
        if kind < 0.22:  # a fragment, as short as a query
            sentence = rng.choice(sentences)
            length = min(rng.randint(1, 7), len(sentence))
            start = rng.randint(0, len(sentence) - length)
            texts.append(" ".join(sentence[start : start + length]))
        elif kind < 0.50:  # other words in a caption's place
            sentence = list(rng.choice(sentences))
            for _ in range(rng.randint(1, 3)):
                sentence[rng.randrange(len(sentence))] = rng.choice(words)
            texts.append(" ".join(sentence))
        elif kind < 0.60:
            texts.append(rng.choice(_FRAMES).format(rng.choice(words)))
        elif kind < 0.85:
            one, other = rng.choice(words), rng.choice(words)
            link = f" {rng.choice(_LINKS)} " if rng.random() < 0.5 else " "
            texts.append(rng.choice(_FRAMES).format(f"{one}{link}{other}"))
        elif kind < 0.93:
            texts.append(rng.choice(templates)(rng.choice(names)))
        else:  # half a caption, half another
            head, tail = rng.choice(sentences), rng.choice(sentences)
            texts.append(" ".join(head[: len(head) // 2] + tail[len(tail) // 2 :]))
    return texts


def train_tokenizer(texts: Sequence[str], words: Sequence[str], size: int, folder: Path) -> None:
    """Learn a byte-pair vocabulary and write the tokenizer as Hugging Face keeps it.

    The end token has the highest id, which is how open_clip's text tower finds the row to pool.

    Args:
        texts: What the vocabulary shall be good at.
        words: Words that shall be single tokens while there is room.
        size: Number of tokens.
        folder: Where ``tokenizer.json`` and ``tokenizer_config.json`` go.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size - 2, special_tokens=[PAD, UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator([*texts, *(f"{one} {one} {one}" for one in words)], trainer)
    tokenizer.add_special_tokens([START, END])
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, start), (END, end)]
    )
    _save(tokenizer, folder)


def _save(tokenizer: "Tokenizer", folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    make: Any = PreTrainedTokenizerFast
    wrapped = make(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        model_max_length=CONTEXT,
    )
    wrapped.save_pretrained(folder)


def bag_of_words(texts: Sequence[str], vocabulary: dict[str, int]) -> list[list[int]]:
    """Return each text's known words."""
    return [
        [vocabulary[word] for word in _WORD.findall(text.lower()) if word in vocabulary]
        for text in texts
    ]


def count_words(texts: Sequence[str], least: int) -> tuple[dict[str, int], list[float]]:
    """Return the words in at least ``least`` texts, and the share of texts each one is in."""
    seen: dict[str, int] = {}
    for text in texts:
        for word in set(_WORD.findall(text.lower())):
            seen[word] = seen.get(word, 0) + 1
    kept = sorted(word for word, times in seen.items() if times >= least)
    return {word: at for at, word in enumerate(kept)}, [seen[word] / len(texts) for word in kept]
