"""Which language a text is in, as far as the embedded model must know.

Scripts tell most of it. Among languages of Latin letters a text counts as foreign only where
most of its words are everyday words of a language the model never saw: names, brands and
misspelt words are of no language, and must stay what the model can read a piece of.
"""

import unicodedata
from collections.abc import Callable
from types import MappingProxyType

READ = ("en", "zh", "de", "fr", "cs")
_FOREIGN = MappingProxyType(
    {
        "es": "perro perros gato mujer hombre nino nina ninos playa coche rojo roja azul verde "
        "blanco blanca amarillo vestido zapatos camisa agua calle arbol cielo nieve corriendo "
        "jugando caballo pelota bicicleta el los las una del muy para por con",
        "it": "cane cani gatto donna uomo bambino bambina spiaggia macchina rosso rossa verde nero "
        "bianco giallo vestito scarpe camicia montagna acqua strada albero cielo neve cavallo "
        "palla bicicletta il gli una della nel sulla corre gioca ragazzo ragazza che con",
        "pt": "cachorro gato mulher homem menino menina praia carro vermelho azul verde preto "
        "branco amarelo vestido sapatos camisa montanha rua arvore ceu neve cavalo bola "
        "bicicleta uma em para correndo brincando dois",
        "nl": "hond honden vrouw jongen meisje rood rode blauw groen zwart geel jurk schoenen "
        "overhemd straat lucht sneeuw paard fiets het een twee kinderen rent speelt",
        "sv": "katt kvinna pojke flicka bil svart vit gul klanning skor skjorta vatten gata hast "
        "cykel och som springer leker stranden snon pa",
        "da": "kvinde dreng pige bil hvid gul kjole sko skjorte vand gade sne hest cykel og paa "
        "lober leger stranden pa",
        "pl": "pies kot kobieta mezczyzna chlopiec dziewczynka samochod czerwony czerwona "
        "niebieski zielony czarny bialy zolty sukienka buty koszula ulica drzewo niebo snieg "
        "pilka rower jest biegnie bawi plazy po",
        "tr": "kopek kedi kadin cocuk plaj plajda araba kirmizi mavi yesil siyah beyaz elbise "
        "ayakkabi gomlek sokak agac bir ile icin kosan oynayan kosuyor oynuyor",
        "fi": "koira kissa nainen mies poika tytto rannalla punainen sininen vihrea musta "
        "valkoinen keltainen mekko kengat paita vuori vesi katu lumi hevonen pallo juoksee",
        "hu": "kutya macska ferfi fiu lany piros zold fekete feher sarga ruha cipo hegy utca "
        "labda egy fut jatszik",
        "ro": "caine pisica femeie barbat baiat fata plaja rosu rosie albastru negru galben "
        "rochie pantofi camasa munte strada copac zapada minge care alearga",
        "id": "anjing kucing wanita pria anak perempuan pantai merah biru hijau hitam putih "
        "kuning gaun sepatu kemeja gunung jalan pohon langit kuda sepeda yang dengan berlari "
        "bermain sebuah",
    }
)
_FOREIGN_WORDS = frozenset(word for words in _FOREIGN.values() for word in words.split())
_READ_TOO = (  # of English, German or names: alone they are no sign of another language
    "blanco cane cani care che con corre del donna el em fata hast il jest las los minge nero nina "
    "pa para pies po por rent rode rood rosie rower skor som springer verde vit yang"
)
_ALSO_READ = frozenset(_READ_TOO.split())
_VIETNAMESE = frozenset("đơưạảấầậắặẹẻếềểệịọỏốồổộớờởợụủứừửữựỳỵỷỹ")
_LETTERS = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "æ": "ae"})


def may_read(text: str, knows: Callable[[str], bool]) -> bool:
    """Tell whether a text is in a language the embedded model learned.

    Args:
        text: What was asked or is to be embedded.
        knows: Whether a text has a letter in a token that is in the vocabulary.
    """
    scripts = [_script(letter) for letter in text if letter.isalpha()]
    if not scripts:
        return False
    if "kana" in scripts or "hangul" in scripts:  # its Chinese characters are not Chinese
        return False
    known = scripts.count("latin") + scripts.count("han")
    if 2 * known < len(scripts) or ("han" not in scripts and is_foreign(text)):
        return False
    return knows(text)


def is_foreign(text: str) -> bool:
    """Tell whether most words of a text in Latin letters are everyday words of another language.

    Of "a photo of los angeles" one word is, and of "el perro en la playa" more than half. "pies"
    and "rent" are English too, so one word must be of no language that is read. Vietnamese marks
    most of its words; of "a bowl of phở" one is.
    """
    written = _words(unicodedata.normalize("NFC", text.lower()))
    if any(not _VIETNAMESE.isdisjoint(word) for word in written):
        return 2 * sum(not word.isascii() for word in written) > len(written)
    lower = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    words = _words("".join(one for one in lower if not unicodedata.combining(one)))
    foreign = [word for word in words if word in _FOREIGN_WORDS]
    return 2 * len(foreign) > len(words) and not _ALSO_READ.issuperset(foreign)


def _words(text: str) -> list[str]:
    return "".join(one if one.isalpha() else " " for one in text).split()


def _script(letter: str) -> str:
    code = ord(letter)
    if 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D:
        return "kana"
    if 0xAC00 <= code <= 0xD7AF or 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F:
        return "hangul"
    if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF:
        return "han"
    return "latin" if unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH")) else "other"
