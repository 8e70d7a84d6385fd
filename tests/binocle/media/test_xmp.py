"""XMP packets, as attributes and as elements, whatever prefixes they have."""

import pytest

from binocle.media.xmp import read_xmp

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
NAMES = (
    'xmlns:a="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:p="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:x4="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)


def packet(attributes: str = "", elements: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {RDF}><rdf:Description rdf:about="" {NAMES} {attributes}>{elements}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def test_attributes_and_elements_say_the_same() -> None:
    lists = (
        "<dc:subject><rdf:Bag><rdf:li>grandma</rdf:li><rdf:li>Lisbon</rdf:li></rdf:Bag></dc:subject>"
        '<dc:description><rdf:Alt><rdf:li xml:lang="de">Oma</rdf:li>'
        '<rdf:li xml:lang="x-default">Grandma</rdf:li></rdf:Alt></dc:description>'
        "<x4:PersonInImage><rdf:Bag><rdf:li>Anna</rdf:li></rdf:Bag></x4:PersonInImage>"
    )
    attributes = (
        'p:DateCreated="2019-03-04T05:06:07" e:GPSLatitude="48,51.5N" e:GPSLongitude="2,17,30W" '
        'a:Rating="5" p:City="Lisbon"'
    )
    elements = (
        "<p:DateCreated>2019-03-04T05:06:07</p:DateCreated><e:GPSLatitude>48,51.5N</e:GPSLatitude>"
        "<e:GPSLongitude>2,17,30W</e:GPSLongitude><a:Rating>5</a:Rating><p:City>Lisbon</p:City>"
    )
    said = read_xmp(packet(attributes, lists))
    assert said == {
        "description": "Grandma",
        "city": "Lisbon",
        "keywords": ["grandma", "Lisbon"],
        "people": ["Anna"],
        "taken_at": "2019-03-04T05:06:07",
        "rating": 5,
        "latitude": 48.8583333,
        "longitude": -2.2916667,
    }
    assert read_xmp(packet("", elements + lists)) == said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x",
        packet()[:-40],
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + packet('a:Rating="5"'),
        packet('a:Rating="many"'),
        packet('a:Rating="0"'),  # unrated
        packet('e:GPSLatitude="95,0N" e:GPSLongitude="0,0E"'),
    ],
)
def test_what_is_damaged_or_hostile_says_nothing(data: bytes) -> None:
    assert read_xmp(data) == {}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="UTF-16"?>\n'])
def test_packets_may_be_in_utf_16(encoding: str, declared: str) -> None:
    if encoding == "utf-8-sig" and declared:
        declared = declared.replace("UTF-16", "UTF-8")
    text = declared + packet('p:City="Größe" a:Rating="-1"').decode()
    assert read_xmp(text.encode(encoding)) == {"city": "Größe", "rating": -1}


def test_time_of_satellites_is_taken_where_no_other_is_told() -> None:
    stamp = 'e:GPSTimeStamp="2023-11-15T12:30:00Z"'
    assert read_xmp(packet(stamp)) == {"created_at": "2023-11-15T12:30:00+00:00"}
    both = packet(stamp + ' a:CreateDate="2020-01-02"')
    assert read_xmp(both) == {"created_at": "2020-01-02"}


def test_ends_of_keywords_in_trees_are_keywords() -> None:
    trees = (
        'xmlns:l="http://ns.adobe.com/lightroom/1.0/" xmlns:d="http://www.digikam.org/ns/1.0/" '
        'xmlns:m="http://ns.microsoft.com/photo/1.0/"'
    )
    said = read_xmp(
        packet(
            trees,
            "<dc:subject><rdf:Bag><rdf:li>lake</rdf:li></rdf:Bag></dc:subject>"
            "<l:hierarchicalSubject><rdf:Bag><rdf:li>People|Family|Anna</rdf:li>"
            "<rdf:li>Places|lake</rdf:li></rdf:Bag></l:hierarchicalSubject>"
            "<d:TagsList><rdf:Seq><rdf:li>Pets/Rex</rdf:li></rdf:Seq></d:TagsList>"
            "<m:LastKeywordXMP><rdf:Bag><rdf:li>Winter</rdf:li></rdf:Bag></m:LastKeywordXMP>",
        )
    )
    assert said == {"keywords": ["lake", "Anna", "Rex", "Winter"]}


def test_descriptions_for_the_blind_and_comments() -> None:
    names = 'xmlns:i="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"'
    elements = (
        "<dc:description><rdf:Alt><rdf:li>A dog</rdf:li></rdf:Alt></dc:description>"
        "<i:AltTextAccessibility><rdf:Alt><rdf:li>A wet dog</rdf:li></rdf:Alt>"
        "</i:AltTextAccessibility><e:UserComment><rdf:Alt><rdf:li>A dog</rdf:li></rdf:Alt>"
        "</e:UserComment>"
    )
    assert read_xmp(packet(names, elements)) == {"description": "A dog", "comment": "A wet dog"}
