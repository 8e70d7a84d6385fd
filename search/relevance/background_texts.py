"""Texts that nobody asked: what queries score by chance, in any collection.

They name things from all over the world, alone and in company, as people type them. What most
of them find in a collection does not fit, which is what makes them a background. Bump
``VERSION`` when they change, so that what was computed from them is computed again.
"""

import itertools

import numpy as np

VERSION = 1
COUNT = 512

_THINGS = """
cat|horse|cow|elephant|lion|tiger|bear|wolf|fox|rabbit|mouse|squirrel|deer|monkey|penguin|owl|
eagle|parrot|duck|chicken|snake|lizard|frog|turtle|fish|shark|whale|dolphin|octopus|crab|
butterfly|bee|spider|snail|kangaroo|giraffe|zebra|camel|car|truck|bus|train|airplane|helicopter|
rocket|ship|sailboat|submarine|tractor|ambulance|scooter|canoe|tram|excavator|apple|banana|orange|
strawberry|grapes|tomato|potato|carrot|mushroom|bread|cheese|pizza|burger|soup|salad|sushi|pasta|
cake|ice cream|chocolate|coffee|tea|wine|beer|egg|rice|steak|sandwich|honey|pepper|garlic|chair|
table|sofa|bed|lamp|bookshelf|mirror|carpet|curtain|clock|vase|candle|pillow|bathtub|toilet|sink|
stove|refrigerator|washing machine|vacuum cleaner|ladder|hammer|screwdriver|drill|saw|scissors|
knife|spoon|cup|plate|bottle|bucket|broom|computer|laptop|keyboard|telephone|television|camera|
printer|headphones|loudspeaker|microphone|battery|cable|light bulb|microscope|telescope|
calculator|robot|satellite|circuit board|remote control|memory card|hard drive|router|shirt|
trousers|dress|skirt|jacket|coat|sweater|shoes|boots|sandals|hat|scarf|gloves|socks|belt|tie|
watch|necklace|ring|earrings|sunglasses|handbag|backpack|wallet|umbrella|perfume|lipstick|
nail polish|underwear|uniform|costume|guitar|piano|violin|drum|trumpet|flute|saxophone|
sheet music|book|newspaper|map|letter|envelope|passport|invoice|contract|receipt|poster|painting|
statue|photograph|diagram|chart|coin|banknote|flag|stamp|calendar|chess board|dice|puzzle|doll|
teddy bear|balloon|kite|toy train|football match|tennis|basketball|baseball|golf|swimming|skiing|
surfing|skateboarding|boxing|wrestling|gymnastics|running race|cycling|fishing|climbing|
horse riding|yoga|dancing|karate|ice hockey|rugby|mountain|river|lake|ocean|beach|island|desert|
forest|waterfall|volcano|glacier|cave|meadow|sunset|rainbow|lightning|snow|fog|moon|galaxy|planet|
flower|rose|sunflower|tree|palm tree|cactus|grass|leaf|moss|pine cone|house|castle|church|mosque|
temple|bridge|tower|skyscraper|factory|lighthouse|windmill|barn|tent|stadium|hospital|school|
kitchen|bathroom|bedroom|office|library|museum|restaurant|supermarket|airport|train station|
parking lot|playground|construction site|swimming pool|garden|street|highway|railway|harbour|
tunnel|cemetery|prison|power plant|oil rig|man|woman|child|baby|old man|crowd|bride|doctor|nurse|
teacher|soldier|police officer|firefighter|farmer|chef|king|pilot|astronaut|musician|clown|judge|
student|face|hand|foot|eye|tooth|skeleton|brain|heart|x-ray|wound|tattoo|virus|bacteria|molecule|
crystal|fossil|dinosaur|meteorite|diamond|gold|iron|concrete|plastic|glass|paper|leather|wool|
pencil|eraser|stapler|whiteboard|syringe|pill|thermometer|wheelchair|crutches|sword|rifle|cannon|
helmet|shield|armor|dragon|unicorn|ghost|mermaid|angel|zombie|wizard|christmas tree|pumpkin|
fireworks|wedding|birthday party|funeral|election|earthquake|war|tax return|stock market|
source code|spreadsheet|menu|recipe|crossword|barcode|traffic sign|logo
"""
_ADJECTIVES = """
red|blue|green|yellow|black|white|pink|brown|purple|grey|orange|golden|silver|wooden|old|new|
small|big|tiny|huge|broken|dirty|empty|wet|round|striped|vintage|modern|cheap|expensive
"""
_FRAMES = (
    "{0}",
    "{2} {0}",
    "a photo of a {0}",
    "{0} and {1}",
    "a {2} {0} next to a {1}",
    "{0} for {1}",
    "a {0} in front of a {1}",
    "{2} {0} with {1}",
)


def background_texts() -> tuple[str, ...]:
    """Return the ``COUNT`` texts, the same ones each time, each thing in at least one."""
    things, adjectives = _split(_THINGS), _split(_ADJECTIVES)
    rng = np.random.default_rng(VERSION)
    order = itertools.chain.from_iterable(rng.permutation(len(things)) for _ in itertools.count())
    texts: dict[str, None] = {}
    for frame in itertools.cycle(_FRAMES):
        one = things[next(order)]
        other = things[next(order)] if "{1}" in frame else ""
        texts[frame.format(one, other, adjectives[rng.integers(len(adjectives))])] = None
        if len(texts) == COUNT:
            break
    return tuple(texts)


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.replace("\n", "").split("|")]
