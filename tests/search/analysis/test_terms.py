"""Analysis: the forms of a word meet, and words that look alike don't."""

from pathlib import Path

import pytest

from dateline.search.analysis.terms import Term, stems, terms

FORMS = [
    line.split("\t") for line in Path(__file__).with_name("forms.tsv").read_text("utf-8").splitlines() if line[0] != "#"
]
JOINED, FALSE = 0.96, 0.06  # of the pairs that should meet, and of those that should not


def meet(query: str, text: str, language: str) -> bool:
    """Whether all words of a query are found in a text."""
    found = {form for term in terms(text, language) for form in (term.exact, *term.stems)}
    return all({term.exact, *term.stems} & found for term in terms(query, asked=True))


def test_arabic_forms_meet() -> None:
    """A word meets its forms with prefixes, articles, plurals and pronouns, and hardly any other word."""
    should = [meet(query, text, "ar") for query, text, wanted in FORMS if wanted == "1"]
    should_not = [meet(query, text, "ar") for query, text, wanted in FORMS if wanted == "0"]
    assert sum(should) >= JOINED * len(should)
    assert sum(should_not) <= FALSE * len(should_not)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("élections", "L’élection d’un maire", "fr"),
        ("elections", "les élections", "fr"),
        ("manifester", "ils manifestaient", "fr"),
        ("Béja", "BEJA", "fr"),
        ("smuggler", "Smugglers were held", "en"),
        ("Haftar", "Haftar's forces", "en"),
        ("istanbul", "İSTANBUL'da", "tr"),
        ("ISTANBUL", "İstanbul’un", "tr"),
        ("Isparta", "ISPARTA", "tr"),
        ("seçim", "seçimler", "tr"),
        ("secimler", "seçimleri", "tr"),
        ("Trablus", "Trablus'taki çatışmalar", "tr"),
        ("کتاب", "کتاب‌های", "fa"),
        ("كتاب", "کتاب", "fa"),
        ("ایران", "إيران", "ar"),
        ("٢٠١٩", "2019", "ar"),
        ("مُعَمَّر", "معمر", "ar"),
    ],
)
def test_languages_meet(query: str, text: str, language: str) -> None:
    """Case, marks, digits, endings and forms of letters are no obstacle."""
    assert meet(query, text, language)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [("port", "rapport", "fr"), ("general", "genes", "en"), ("kara", "karar", "tr"), ("مصر", "مصير", "ar")],
)
def test_other_words_differ(query: str, text: str, language: str) -> None:
    """Words that share some letters stay apart."""
    assert not meet(query, text, language)


def test_positions_are_kept() -> None:
    """A term knows where it stands, whatever was folded away."""
    text = "قالَت «الحُكومة» d’Algérie"
    assert [text[term.start : term.end] for term in terms(text, "ar")] == ["قالَت", "الحُكومة", "Algérie"]


def test_words_alike_across_languages() -> None:
    """Stems of a query are of all languages that its script may be of."""
    assert stems("nations", "", asked=True) == tuple(dict.fromkeys(stems("nations", "", asked=True)))
    assert set(stems("nations", "", asked=True)) >= set(stems("nations", "fr", asked=False))


def test_no_term_is_endless() -> None:
    """What is too long to be a word is no term."""
    assert [term.exact for term in terms("a" * 500 + " b")] == ["b"]
    assert list(terms("")) == list(terms("… — «»")) == []
    assert next(terms("x")) == Term("x", ("x",), 0, 1)
