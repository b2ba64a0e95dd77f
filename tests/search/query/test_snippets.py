"""Snippets: passages between words, with what was asked for marked, safe wherever they are shown."""

import pytest

from dateline.search.query.language import parse
from dateline.search.query.snippets import Highlighted, Highlighter

LONG = "Nothing happens here. " * 40


def marked(query: str, text: str, language: str) -> list[str]:
    found = Highlighter(parse(query).clauses).snippet(text, language)
    return [piece for piece, asked in found.parts() if asked]


@pytest.mark.parametrize(
    ("query", "text", "language", "found"),
    [
        ("elections", LONG + "The election of a mayor. " + LONG, "en", ["election"]),
        ("élection", LONG + "Avant l’élection d’un maire. " + LONG, "fr", ["élection"]),
        ("حفتر", "وصلت قوات لحفتر إلى المدينة. " * 30, "ar", None),
        ("seçim", "Trablus'ta seçimler yapıldı.", "tr", ["seçimler"]),
        ('"armed groups"', "Armed men. Groups of men. Armed groups clashed.", "en", ["Armed", "groups"]),
        ("fire -water", "Fire and water.", "en", ["Fire"]),
        ("absent", "Nothing of it.", "en", []),
    ],
)
def test_words_are_marked(query: str, text: str, language: str, found: list[str] | None) -> None:
    """The forms that a query finds are marked in the text, with phrases as a whole."""
    pieces = marked(query, text, language)
    assert pieces == found if found is not None else set(pieces) == {"لحفتر"}


def test_passages_end_between_words() -> None:
    """A snippet has whole words and says where it was cut."""
    text = " ".join(f"word{number}" for number in range(500))
    found = Highlighter(parse("word250").clauses).snippet(text, "en")
    assert found.text.startswith("…word")
    assert found.text.endswith("…")
    assert set(found.text.strip("…").split()) <= set(text.split())
    assert len(found.text) < 260
    assert [found.text[start:end] for start, end in found.ranges] == ["word250"]


def test_the_fullest_passage_wins() -> None:
    """A passage with both words is shown rather than an earlier one with one of them."""
    text = f"Oil prices. {LONG} Ships carry oil to Malta. {LONG}"
    found = Highlighter(parse("oil malta").clauses).snippet(text, "en")
    assert "Malta" in found.text


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script> fire", "fire \u202e<b>\u2066 & \"quotes'", "fire\x00\x1b[31m\u200f\u202d"]
)
def test_html_is_inert(text: str) -> None:
    """Markup is escaped, and nothing turns the direction or the colour of what follows."""
    found = Highlighter(parse("fire").clauses).snippet(text, "en")
    assert found.html().count("<") == 2
    assert "<mark>fire</mark>" in found.html()
    assert not set("\u202e\u2066\u202d\u200f\x00\x1b") & set(found.text)


def test_parts_make_up_the_text() -> None:
    """The pieces of a text are all of it, in order."""
    found = Highlighted("ab cd ef", ((0, 2), (6, 8)))
    assert list(found.parts()) == [("ab", True), (" cd ", False), ("ef", True)]
    assert list(Highlighted("ab").parts()) == [("ab", False)]
    assert not list(Highlighted("").parts())
