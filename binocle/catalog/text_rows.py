"""What of a record is searched by words, the same for every full-text index.

Each text of a record is a row of its own, so a phrase never runs from one caption into the next
and a text's length is its own. Everything a ranking needs to know of a row is in its number:

    record id (47 bits) | group (2) | position of the part (7) | number of tokens (7)

so that the rows of a word can be scored without another look. Texts are cut into tokens by
``tokenizer``, not by an engine, whose own tokenizers know no Chinese.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from binocle.catalog import tokenizer
from binocle.metadata.markup import without_markup
from binocle.types import Metadata, NewRecord

VERSION = 4
TITLE, CAPTION, NAME, FIELD = range(4)
GROUPS = 4
NO_PART = 127
BRAND = 126  # the position of the row with the record's brand
RECORD_SHIFT, GROUP_SHIFT, POSITION_SHIFT = 16, 14, 7
LENGTH_MASK = 127
_LAST_PART = 125
_MAX_TOKENS = 1000
_MAX_WORD = 32
_TITLES = {
    "title", "name", "headline", "heading", "subject", "productname", "producttitle",
    "productdisplayname", "displayname", "titel", "titre", "titulo", "titolo", "nombre", "nom",
    "标题", "名称", "品名", "商品名", "商品名称", "商品标题", "タイトル", "제목", "상품명",
}  # fmt: skip
_BRANDS = {
    "brand", "brandname", "manufacturer", "maker", "make", "marke", "marque", "marca",
    "品牌", "ブランド", "브랜드",
}  # fmt: skip
_CODES = {
    "model", "modelnumber", "modelno", "sku", "ean", "gtin", "upc", "mpn", "isbn", "asin",
    "code", "partnumber", "articlenumber", "itemnumber", "型号",
}  # fmt: skip
_SILENT = {"format", "createdat", "takenat", "sha256", "md5", "hash"}
_FAINT = {"camera"}  # is searched, but makes no photo a record with texts
_NO_WORDS = re.compile(r"\w+://|[/\\]|\d{4}-\d\d-\d\d(T|$)|[!-~]{65}")
_ROW_MARK = re.compile(r"#(row=|L)\d+$")


@dataclass(frozen=True, slots=True)
class RecordTexts:
    """What a record says.

    Attributes:
        number: Its internal id.
        key: The id users see.
        uri: Where it lies.
        metadata: Its metadata.
        texts: Of its parts in order: position, role, text.
    """

    number: int
    key: str
    uri: str
    metadata: Metadata
    texts: Sequence[tuple[int, str, str]]

    @classmethod
    def of(cls, number: int, record: NewRecord) -> "RecordTexts":
        """Return what a record says that is about to be stored."""
        texts = [
            (position, part.role, part.text)
            for position, part in enumerate(record.parts)
            if part.text is not None
        ]
        return cls(number, record.id, record.uri, record.metadata, texts)


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row of a full-text index.

    Attributes:
        number: See the module's text; of one record no number comes twice.
        tokens: In order.
        joined: Further tokens that stand for several: ``wh1000xm4`` for ``wh 1000xm4``.
    """

    number: int
    tokens: list[str]
    joined: list[str]

    def words(self) -> Iterator[str]:
        """Return the tokens that are words, which spelling knows."""
        for word in (*self.tokens, *self.joined):
            if word.isalpha() and 1 < len(word) <= _MAX_WORD:
                yield word


def text_rows(record: RecordTexts) -> tuple[list[TextRow], bool]:
    """Return a record's rows, and whether it has words beyond its file name and its camera."""
    texts: dict[tuple[int, int], list[str]] = defaultdict(list)
    for position, role, text in record.texts:
        group = TITLE if _plain_name(role) in _TITLES else CAPTION
        texts[group, min(position, _LAST_PART)].append(without_markup(text))
    said = {record.key, *(one for several in texts.values() for one in several)}
    file = "" if _ROW_MARK.search(record.uri) else record.uri  # many records share a table's name
    names = dict.fromkeys([_last_component(record.key), _last_component(file)])
    texts[NAME, NO_PART].append("\n".join(tokenizer.spell_out(name) for name in names if name))
    has_words = _add_fields(texts, record.metadata, said)
    rows = []
    for (group, position), several in texts.items():
        tokens, joined = tokenizer.tokens_of("\n".join(several), _MAX_TOKENS)
        if tokens:
            place = group << GROUP_SHIFT | position << POSITION_SHIFT
            number = record.number << RECORD_SHIFT | place | min(len(tokens), LENGTH_MASK)
            rows.append(TextRow(number, tokens, joined))
    return rows, bool(record.texts) or has_words


def _add_fields(
    texts: dict[tuple[int, int], list[str]], metadata: Metadata, said: set[str]
) -> bool:
    """Add the metadata that are words: texts and keywords, and numbers where they are codes.

    Returns:
        Whether any but the camera's name is a text.
    """
    has_words = False
    for name, value in metadata.items():
        plain = _plain_name(name)
        if plain in _SILENT:
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and not isinstance(one, bool) and plain in _CODES:
                texts[FIELD, NO_PART].extend({str(one)} - said)
            if not isinstance(one, str) or _NO_WORDS.match(one):
                continue
            if (text := without_markup(one)) in said:
                continue
            has_words = has_words or plain not in _FAINT
            if plain in _TITLES:
                texts[TITLE, NO_PART].append(text)
            elif plain in _BRANDS:
                texts[FIELD, BRAND].append(text)
            else:
                texts[FIELD, NO_PART].append(text)
    return has_words


def is_code(field: str) -> bool:
    """Tell whether a field's name says that its values are codes, which are no amounts."""
    return _plain_name(field) in _CODES


def _plain_name(name: str) -> str:
    return re.sub(r"[\W_]", "", name.rpartition(".")[2].casefold())


def _last_component(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
