"""The words by which English and German say that something is not to be there."""

import re
from dataclasses import dataclass


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a language negates; all words are in lower case.

    Attributes:
        core: What negates the words behind it.
        weak: Of these, what may belong to the thing it stands before ("no show socks"), and of a
            text of nothing else leaves the thing ("not red shirts" are shirts).
        kept: What stands behind a core that negates nothing: amounts, degrees, set phrases.
        before: What stands before a core that negates nothing: "why not".
        leads: What leads to a core, and goes with it.
        articles: What no word to keep away from begins with.
        prepositions: Where what is negated ends.
        fillers: What may stand between a core and the thing, besides these two.
        links: What joins two things that are negated.
        ends: Where what is negated ends as well.
        trail: What stands behind the things and means nothing.
        pronouns: "in it" belongs to what is negated.
    """

    core: re.Pattern[str]
    weak: frozenset[str]
    kept: frozenset[str]
    before: frozenset[str]
    leads: frozenset[str]
    articles: frozenset[str]
    prepositions: frozenset[str]
    fillers: frozenset[str]
    links: frozenset[str]
    ends: frozenset[str]
    trail: frozenset[str]
    pronouns: frozenset[str]

    def is_passed_over(self, word: str) -> bool:
        """Tell whether a word stands between what negates and what is negated."""
        return word in self.articles or word in self.prepositions or word in self.fillers


_DO = r"(?:do|does|did|should|must|may|can|could|would)(?: not|n'?t)"
ENGLISH = Grammar(
    core=re.compile(
        rf"(?:(?:with )?no (?:sign|trace|hint)s? of|nothing (?:in|with|by|from)"
        rf"|without|with no|w/o|excluding|excepting|except(?: for)?|lacking|minus"
        rf"|other than|apart from|aside from|rather than|instead of|free (?:of|from)"
        rf"|(?:exclude|leav(?:e|ing) out)"
        rf"|{_DO} (?:want|like|need|show(?: me)?|include|have|contain|wear|be)"
        rf"|(?:is|are|was|were)n'?t|(?:is|are|was|were) not|not including"
        rf"|(?:but|and) (?:nothing|none)|avoid(?:ing)?|not|no|neither)(?= |$)"
    ),
    weak=_set("no not neither non"),
    kept=_set(
        "over under more less above below fewer greater cheaper only just too so very quite "
        "sure matter longer later much many as than both least bad always necessarily all every "
        "everyone enough then found available included applicable required needed disturb enter "
        "no not without never doubt problem problems way idea fear limit limits thanks worries "
        "entry exit name nonsense brainer charge"
    ),
    before=_set(
        "why if whether than do does did can could will would should must may might cannot to "
        "nothing"
    ),
    leads=_set(
        "and but or nor that which who whose i we please is are be been was were they also ones"
    ),
    articles=_set("a an the any some of"),
    prepositions=_set(
        "with for under over below above between at on near in from by to into onto behind beside "
        "inside outside during through around against among within upto along across towards"
    ),
    fillers=_set("wearing having containing including showing me made taken shot"),
    links=_set("or nor and , /"),
    ends=_set("but ; - – that which who while is are was were has have"),
    trail=_set("one ones please thanks either though"),
    pronouns=_set("it them him her us there sight view"),
)
GERMAN = Grammar(
    core=re.compile(
        r"(?:ohne|kein(?:e[mnrs]?)?|nicht|(?:au(?:ß|ss)er|bis auf)|statt|anstatt|weder)(?= |$)"
    ),
    weak=_set("kein keine keinem keinen keiner keines nicht"),
    kept=_set(
        "nur mehr so zu sehr ganz über unter weniger immer schlecht ahnung problem zutritt "
        "möglich ich mich du er sie es wir uns ihr das dies beide alle"
    ),
    before=_set("warum ob wenn noch oben"),
    leads=_set("und oder aber die der das welche welcher welches sind ist ich bitte auch sondern"),
    articles=_set("ein eine einem einen einer eines der die das dem den des irgendein irgendeine"),
    prepositions=_set(
        "am an auf aus bei beim bis durch für gegen hinter im in ins mit nach neben unter über um "
        "unterm von vom vor zu zum zur zwischen"
    ),
    fillers=_set("jede jeden jegliche will möchte"),
    links=_set("oder und noch , /"),
    ends=_set("aber sondern ; - – während"),
    trail=_set("bitte danke sind ist sein hat haben trägt tragen will möchte"),
    pronouns=_set("ihm ihr ihnen darauf darin dabei daran"),
)
GRAMMARS = (ENGLISH, GERMAN)

BUT = re.compile(r"(?:but|except(?: for)?|besides|save)(?= |$)")
EVERY = frozenset(["any", "all", "every", "anything", "everything", "anyone", "everyone"])
ALWAYS_KEPT = _set("i me you he him she it we us they them this that these those there one sich")
# Before a noun these make a word of their own with "no": "no bake cheesecake"; "a suit, no tie".
COMPOUNDS = _set(
    "bake iron show pull tangle slip sew spill drill wash cook crease fuss mess stick dig tie glue "
    "nail frills"
)
# What is only named there: "a no parking sign".
SIGNS = _set("sign signs signboard signage sticker stickers symbol symbols placard notice zone")
# Of these the last word of what is negated is no thing that is looked for: "not navy blue".
COLOURS = _set(
    "red blue green yellow black white grey gray brown pink purple orange violet beige navy gold "
    "silver maroon teal turquoise cream khaki olive rot blau grün gelb schwarz weiß weiss grau "
    "braun rosa lila roten rote blauen blaue grünen grüne gelben gelbe schwarzen schwarze weißen "
    "weiße grauen graue braunen braune"
)
# What persons and animals do in pictures: "without a shirt playing guitar". Of other words in
# "-ing" many name things: "without noise cancelling microphone".
_ACTS = _set(
    "playing riding holding wearing carrying eating drinking reading kicking throwing catching "
    "chasing climbing pushing pulling using watching driving jumping running walking sitting "
    "standing lying leaning looking smiling laughing swimming surfing skiing skating dancing "
    "singing talking hiking crossing taking making doing giving selling buying feeding "
    "petting hugging kissing biting licking facing posing waving pointing"
)
_THINGS = _set(
    "ring earring string spring wing king thing ceiling building painting drawing railing clothing "
    "stocking legging bedding packaging stitching lining coating padding piping lighting charging "
    "opening closing parking shipping writing printing morning evening wedding heating cooling"
)
_DOES = _set(
    "plays rides holds wears carries eats throws chases climbs pushes jumps runs walks sits stands "
    "lies leans looks smiles laughs swims surfs skis skates sings talks hikes crosses takes makes "
    "gives feeds"
)
_PAST = _set("made worn held taken seen shot lit built cut hung given thrown driven known found")
_DETERMINERS = _set("a an the his her their its my your some two three four another")


def is_act(word: str) -> bool:
    """Tell whether an English word in "-ing" is what somebody does."""
    return word in _ACTS or (len(word) > 5 and word.endswith("ing") and word not in _THINGS)


def begins_clause(word: str, follows: str) -> bool:
    """Tell whether an English verb behind a noun begins what is said of another one.

    Args:
        word: Such as ``running``, ``runs``, or ``covered``.
        follows: The word behind it; empty for none.
    """
    if word in _DOES:
        return bool(follows)
    is_placed = follows in ENGLISH.prepositions or follows == "of"
    if is_act(word):
        return is_placed or follows in _DETERMINERS or (bool(follows) and word in _ACTS)
    is_past = len(word) > 4 and word.endswith("ed") and not word.endswith("eed")
    return is_placed and (is_past or word in _PAST)
