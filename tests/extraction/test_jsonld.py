"""JSON-LD with the slips that publishers make."""

import json

import pytest

from dateline.extraction.parse import jsonld

GOOD = {"@type": "NewsArticle", "headline": "H", "datePublished": "2019-04-16", "author": {"name": "Dana Kelwin"}}
_OPEN = '"author":{"name":"Dana Kelwin",},}'
_REST = '"datePublished":"2019-04-16","author":{"name":"Dana Kelwin"}}'
BLOCKS = {
    "quotes in a text": '{"headline":"H","description":"The "old basin" waits",' + _REST,
    "quotes around a whole text": '{"headline":"H","description":""Old basin" waits",' + _REST,
    "quotes at the end of a text": '{"headline":"H","description":"It waits, "he said"",' + _REST,
    "Arabic quotes": '{"headline":"H","description":"قال "نعم" ثم سكت",' + _REST,
    "escaped apostrophe": r'{"headline":"H","description":"The port\'s quay",' + _REST,
    "other escapes": r'{"headline":"H","description":"a \d b \x c",' + _REST,
    "two commas": '{"headline":"H",,"datePublished":"2019-04-16", ,"author":{"name":"Dana Kelwin"}}',
    "comma first": '{,"headline":"H",' + _REST,
    "trailing commas": '{"headline":"H","tags":["a",],"datePublished":"2019-04-16",' + _OPEN,
    "line comment": '{"headline":"H", // the title\n' + _REST,
    "block comment": '{/* x */"headline":"H","datePublished":"2019-04-16" /* y */,"author":{"name":"Dana Kelwin"}}',
    "break in a text": '{"headline":"H","description":"a\nb",' + _REST,
    "an address": '{"headline":"H","url":"https://x.example//a","datePublished":"2019-04-16",' + _OPEN,
    "several": r'{"headline":"H","description":"l\'avis "final"",,"datePublished":"2019-04-16",' + _OPEN,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_slip_is_repaired(name: str) -> None:
    """A block with a slip still gives headline, date and author."""
    (value,) = jsonld.loads(BLOCKS[name])
    assert (value["headline"], value["datePublished"], value["author"]["name"]) == ("H", "2019-04-16", "Dana Kelwin")


def test_sound_block_is_kept() -> None:
    """A sound block is read as JSON has it, and repairing changes nothing in it."""
    text = json.dumps(GOOD | {"description": 'Say "yes", they said: "no" // never'}, ensure_ascii=False)
    assert jsonld.loads(text) == [json.loads(text)] == [json.loads(jsonld.repaired(text))]


HOSTILE = {
    "a long number": '{"position": ' + "7" * 5_000 + "}",
    "open brackets": "[" * 5_000,
    "open strings": '{"a":"' * 3_000,
    "quotes": '"' * 20_000,
    "commas": "," * 9_000,
    "comments": "/*" * 9_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_block_never_raises(name: str) -> None:
    """A block that nobody meant is read as far as it goes."""
    assert isinstance(jsonld.loads(HOSTILE[name]), list)
