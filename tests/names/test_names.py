"""Names: persons and organisations in four languages, and their spellings across scripts."""

import itertools
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from dateline.article import Article
from dateline.names import named
from dateline.names.register import Register
from dateline.names.skeleton import parts, same

HERE = Path(__file__).parent
LINES = [line for line in files("dateline.names").joinpath("names.tsv").read_text("utf-8").splitlines() if line]


def rows(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def story(text: str, title: str = "", language: str = "en") -> Article:
    return named(Article(id="x", url="", title=title, text=text, digest="", language=language))


def ids(article: Article) -> set[str]:
    return {name.id for name in (*article.persons, *article.organisations)}


def test_sentences_have_their_names() -> None:
    """Over invented sentences in four languages, mentions are precise and few are missed."""
    counts = Counter[str]()
    sentences = rows("sentences.tsv")
    for language, wanted, sentence in sentences:
        found, expected = ids(story(sentence, language=language)), set(wanted.split())
        counts += {"right": len(found & expected), "wrong": len(found - expected), "missed": len(expected - found)}
    assert len(sentences) >= 150
    assert {row[0] for row in sentences} == {"ar", "en", "fr", "tr"}
    assert counts["right"] >= 0.98 * (counts["right"] + counts["wrong"])
    assert counts["right"] >= 0.9 * (counts["right"] + counts["missed"])


def test_spellings_are_joined() -> None:
    """Two-part names in different scripts and spellings are one person's, and no others'."""
    people = rows("spellings.tsv")
    pairs = [(one, other) for spellings in people for one, other in itertools.combinations(spellings, 2)]
    joined = sum(same(one, other) for one, other in pairs)
    false = [
        (one, other)
        for first, second in itertools.combinations(people, 2)
        for one, other in itertools.product(first, second)
        if same(one, other)
    ]
    assert joined >= 0.96 * len(pairs)
    assert not false


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ahmed Salem", "Hamed Salem"),
        ("Mohamed Abbas", "Mahmoud Abbas"),
        ("علي حسن", "علي حسين سالم"),
        ("Khalifa", "خليفة"),
        ("Omar Saleh", "Ammar Saleh"),
        ("Karim Tazi", "Karim Daho"),
    ],
)
def test_other_names_stay_apart(one: str, other: str) -> None:
    """Names that differ in a part, or have one alone, are not joined."""
    assert not same(one, other) or sorted(map(sorted, parts(one))) == sorted(map(sorted, parts(other)))


@pytest.mark.parametrize("spelling", ["حفتر", "لحفتر", "Haftar", "Hifter", "Hafter", "Хафтар", "Chalifa Haftar"])
def test_spellings_of_one_person(spelling: str) -> None:
    """Each spelling means the same person."""
    assert ids(story(f"... {spelling} ...")) == {"haftar"}


def test_heaviest_come_first() -> None:
    """Names of the headline come before those of the text; provenance names the rule."""
    found = story("Tebboune met Macron. Tebboune left.", title="Macron in Algiers")
    assert [person.id for person in found.persons] == ["macron", "tebboune"]
    assert found.provenance["persons"]
    assert "organisations" not in found.provenance


def test_doubtful_forms_need_sure() -> None:
    """An acronym with other meanings counts only beside a form that has none."""
    assert ids(story("The GNU tools are free.")) == set()
    assert ids(story("GNU forces left.", title="Government of National Unity sends envoy")) == {"gnu"}


def test_old_articles_are_read() -> None:
    """An article without names, as archives have them, is read; a new one comes back the same."""
    article = story("Haftar met Tebboune of the African Union.")
    values = article.to_dict()
    assert Article.from_dict(values) == article
    del values["persons"], values["organisations"]
    assert Article.from_dict(values).persons == ()


def test_register_is_sound() -> None:
    """At least 400 entries with ids of their own, forms in Arabic and Latin letters, and no form of two entries."""
    register = Register.load()
    assert len(LINES) == len(register.entries) >= 400
    forms = Counter(form.lstrip("!?") for line in LINES for form in set(line.split("\t")[5].split("|")))
    assert [form for form, count in forms.items() if count > 1] == []
    for line in LINES:
        kind, id, country, wikidata, name, listed = line.split("\t")
        assert kind in {"person", "organisation"}
        assert id == id.lower()
        assert len(country) in {0, 2}
        assert not wikidata or wikidata[0] == "Q"
        assert name
        assert any("\u0600" < letter < "\u0700" for letter in listed) or kind == "organisation"
        assert all(form == form.strip() and form.strip("!?") for form in listed.split("|"))
