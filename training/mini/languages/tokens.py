"""A tokenizer for more languages that leaves English as it was cut.

The tokens of the English model stay, in their order; what is new comes behind them. European
words are cut into pieces as English ones are. Chinese has no spaces: its words are cut greedily
out of whole clauses, so each stands in the vocabulary twice, as a beginning and as a
continuation, and both share one row, as do simplified and traditional spellings.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from training.mini.languages.captions import Captions
from training.mini.languages.lexicon import read_words, traditional
from training.mini.tokenizer import END, PAD, START, UNKNOWN

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_HAN = re.compile("[\u3400-\u9fff]+")
_HELPERS = frozenset("在的着和了正是有一个两三只名位条辆些这那把被从到向往与及他她它")
_LEAD = re.compile("^(正在|在|穿着|戴着|抱着|背着)")
_SIDE = re.compile("[上里中下前旁]$")
_ROUNDS = 8
_WHOLE = 4  # letters of a German word that is kept whole


@dataclass(frozen=True, slots=True)
class LongerTokenizer:
    """A tokenizer that knows more languages.

    Attributes:
        tokenizer: Cuts texts.
        tokens: Its tokens by number.
        shared: ``(n,)`` int64, the token whose row each token uses.
    """

    tokenizer: "Tokenizer"
    tokens: list[str]
    shared: npt.NDArray[np.int64]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the texts' tokens, without start and end."""
        return [one.ids[1:-1] for one in self.tokenizer.encode_batch(list(texts))]


def lengthen(
    old: "Tokenizer", captions: dict[str, Captions], english: Sequence[str], size: int
) -> LongerTokenizer:
    """Add tokens for other languages.

    Args:
        old: The English tokenizer.
        captions: By language.
        english: Texts that must be cut as before.
        size: Of the European vocabulary, before what is known or would change English goes.
    """
    places = old.get_vocab()
    known = sorted(places, key=places.__getitem__)
    assert known[-2:] == [START, END]
    words = read_words()
    others = [text for name in ("de", "fr", "cs") for text in captions[name].texts]
    others += [word.german for word in words for _ in range(3)]
    learned = [*_european(others, size), *_whole(word.german for word in words)]
    pieces = [one for one in dict.fromkeys(learned) if one not in places]
    characters, ties = _chinese(captions["zh"].texts)
    before = [one.tokens for one in old.encode_batch(list(english))]
    for _ in range(_ROUNDS):
        made = _build(known[:-2], pieces, characters)
        after = [one.tokens for one in made.encode_batch(list(english))]
        wrong = {
            token
            for one, other in zip(before, after, strict=True)
            if one != other
            for token in other
        }
        if wrong.isdisjoint(pieces):
            break
        pieces = [one for one in pieces if one not in wrong]
    used = {token for one in made.encode_batch(others) for token in one.tokens}
    made = _build(known[:-2], [one for one in pieces if one in used or len(one) < 4], characters)
    return _with_shared_rows(made, ties)


def _european(texts: Sequence[str], size: int) -> list[str]:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    learned = Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=60))
    learned.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    learned.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=5, special_tokens=[UNKNOWN], show_progress=False
    )
    learned.train_from_iterator(texts, trainer)
    places = learned.get_vocab()
    return [
        one for one in sorted(places, key=places.__getitem__)
        if one != UNKNOWN and not _HAN.search(one)
    ]  # fmt: skip


def _whole(phrases: Iterable[str]) -> list[str]:
    """Return the words of German phrases as the tokenizer sees them: a row of its own for each."""
    told = "".join(
        one for one in unicodedata.normalize("NFKD", " ".join(phrases).lower())
        if not unicodedata.combining(one)
    )  # fmt: skip
    return [one for one in re.findall(r"\w+", told) if len(one) >= _WHOLE and one.isalpha()]


def _chinese(texts: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return words and characters, commonest first, and the traditional ones' simplified ones."""
    from tokenizers import Tokenizer, models, trainers

    clauses = [clause for text in texts for clause in _HAN.findall(text)]
    learned = Tokenizer(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=5000, max_piece_length=2, unk_token=UNKNOWN, special_tokens=[UNKNOWN],
        show_progress=False,
    )  # fmt: skip
    learned.train_from_iterator(clauses, trainer)
    times = Counter(token for clause in clauses for token in learned.encode(clause).tokens)
    words = {
        one for one, count in times.items()
        if count >= 5 and _HAN.fullmatch(one) and len(one) > 1 and _HELPERS.isdisjoint(one)
    }  # fmt: skip
    said = [part for word in read_words() for one in word.chinese for part in _HAN.findall(one)]
    for one in said:
        bare = _LEAD.sub("", one)
        bare = _SIDE.sub("", bare) if len(bare) > 2 else bare
        if 2 <= len(bare) <= 4:
            words.add(bare)
    letters = Counter("".join([*clauses, *said]))
    simplified = [*sorted(words, key=lambda one: (-times[one], one)), *letters]
    older, every, ties = traditional(), [], {}
    for one in simplified:
        every.append(one)
        other = "".join(older.get(letter, letter) for letter in one)
        if other != one and other not in words and other not in letters:
            every.append(other)
            ties[other] = one
    return every, ties


def _build(known: Sequence[str], pieces: Sequence[str], chinese: Sequence[str]) -> "Tokenizer":
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from tokenizers.processors import TemplateProcessing

    both = [form for one in chinese for form in (one, f"##{one}")]
    tokens = list(dict.fromkeys([*known, *pieces, *both, START, END]))
    made = Tokenizer(
        models.WordPiece(
            {one: at for at, one in enumerate(tokens)},
            unk_token=UNKNOWN,
            max_input_chars_per_word=100,
        )
    )
    letters = "".join(sorted({letter for one in chinese for letter in one})) or "一"
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace("。", "."),
            normalizers.Replace("、", ","),
            # one unknown character would make the whole clause unknown
            normalizers.Replace(Regex(f"[\u3400-\u9fff&&[^{letters}]]"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.add_special_tokens([PAD, UNKNOWN, START, END])
    start, end = made.token_to_id(START), made.token_to_id(END)
    made.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, start), (END, end)]
    )
    return made


def _with_shared_rows(made: "Tokenizer", ties: dict[str, str]) -> LongerTokenizer:
    places = made.get_vocab()
    tokens = sorted(places, key=places.__getitem__)
    shared = np.arange(len(tokens))
    for token, place in places.items():
        bare = token.removeprefix("##")
        if _HAN.match(bare):
            shared[place] = places[ties.get(bare, bare)]
    return LongerTokenizer(made, tokens, shared)
