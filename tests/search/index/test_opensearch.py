"""OpenSearch: the mapping has the fields of Dateline's index, and its analysis makes the same words meet."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

from dateline.article import Name
from dateline.search.analysis.terms import terms
from dateline.search.index import opensearch, schema
from tests.conftest import Aws
from tests.search.analysis.test_terms import FALSE, FORMS, JOINED
from tests.search.library import article, store

STORIES = [
    article(
        "Haftar's forces near Béja",
        "The minister, Khaled al-Mishri, said so.",
        places=[2210247],
        about=("ly",),
        authors=("Huda Salem",),
        captions=["The harbour"],
        persons=(Name("fixture-person", "Fixture Person", None),),
    ),
    article("عودة العبّارة إلى الميناء", "قال خالد المشري اليوم", language="ar"),
    article("", "", language=None),
]


class Analysers:
    """As much of OpenSearch's analysis as the index uses, by its own settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    def positions(self, analyser: str, text: str) -> list[frozenset[str]]:
        """Return the terms at each position."""
        told = self._settings["analyzer"][analyser]
        if told["type"] == "whitespace":
            return [frozenset([word]) for word in text.split()]
        for name in told.get("char_filter", ()):
            table = str.maketrans(dict(map(_mapping, self._settings["char_filter"][name]["mappings"])))
            text = text.translate(table)
        words: Iterable[str] = text.split()
        if told["tokenizer"] != "whitespace":
            pattern = self._settings["tokenizer"][told["tokenizer"]]["pattern"]
            words = re.findall(pattern.replace(r"[\p{L}\p{N}_]", r"\w"), text)
        return [frozenset(self._filtered([word], told["filter"])) for word in words]

    def _filtered(self, words: list[str], filters: list[str]) -> list[str]:
        for name in filters:
            words = [each for word in words for each in self._filter(word, name) if each]
        return words

    def _filter(self, word: str, name: str) -> Iterator[str]:
        if name == "lowercase":
            yield word.lower()
            return
        told = self._settings["filter"][name]
        if told["type"] == "pattern_replace":
            yield re.sub(told["pattern"].removeprefix("(?U)"), re.sub(r"\$(\d)", r"\\\1", told["replacement"]), word)
        elif told["type"] == "pattern_capture":
            yield from (found for pattern in told["patterns"] for found in re.findall(pattern, word))
        elif told["type"] == "snowball":
            stemmer = TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(told["language"].lower())).build()
            yield from stemmer.analyze(word)
        else:
            assert told["type"] == "multiplexer"
            yield word
            for branch in told["filters"]:
                yield from self._filtered([word], branch.split(", "))


def _mapping(line: str) -> tuple[str, str]:
    letter, _, one = line.encode().decode("unicode-escape").partition("=>")
    return letter, one


@pytest.fixture(scope="module")
def analysers() -> Analysers:
    return Analysers(opensearch.index()["settings"]["analysis"])


def test_mapping_has_the_schemas_fields(aws: Aws) -> None:
    """Fields of the mapping are those of the index and of each document."""
    fields = opensearch.index()["mappings"]["properties"]
    listed = [line.split("  ")[0] for line in (schema.__doc__ or "").splitlines() if line.startswith("``")]
    names = {name for line in listed for name in re.findall("``(.+?)``", line)}
    assert len(names) >= len(listed) > 5
    assert names <= fields.keys()
    for entry in store(aws, STORIES):
        document = schema.document(entry).to_dict()
        assert document.keys() <= fields.keys()
        assert opensearch.document(entry).keys() == fields.keys()
    assert {fields[name]["type"] for name in ("people", "places", "about", "source")} == {"keyword"}


def test_documents_have_the_same_words(aws: Aws, analysers: Analysers) -> None:
    """At each position are the very terms of Dateline's own index."""
    for entry in store(aws, STORIES):
        found = opensearch.document(entry)
        for field, texts in schema.words(entry.article).items():
            analysed = [list(terms(text, entry.article.language)) for text in texts]
            exact = [analysers.positions("words", text) for text in found[field]]
            stems = [analysers.positions("stems", text) for text in found[f"{field}_stems"]]
            assert exact == [[frozenset([term.exact]) for term in each] for each in analysed if each]
            assert stems == [[frozenset(term.stems) for term in each] for each in analysed if each]


def test_lines_are_bulk_pairs(aws: Aws) -> None:
    """Each story is an action with its id and a document, the same bytes each time, in the order of the stories."""
    entries = store(aws, STORIES)
    first, again = (b"".join(opensearch.bulk(entries)) for _ in range(2))
    assert first == again
    assert first.endswith(b"\n")
    lines = [json.loads(line) for line in first.splitlines()]
    assert [line["index"] for line in lines[::2]] == [{"_index": opensearch.INDEX, "_id": each.id} for each in entries]
    assert [line["id"] for line in lines[1::2]] == [[each.id] for each in entries]


@pytest.mark.parametrize("wanted", ["1", "0"])
def test_typed_arabic_meets_its_forms(analysers: Analysers, wanted: str) -> None:
    """What is typed into OpenSearch meets the forms that Dateline's search meets, and no more others."""
    pairs = [(query, text) for query, text, should in FORMS if should == wanted]
    met = [_meets(analysers, query, text, "ar") for query, text in pairs]
    assert sum(met) >= JOINED * len(met) if wanted == "1" else sum(met) <= FALSE * len(met)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("élections", "L’élection d’un maire", "fr"),
        ("smuggler", "Smugglers were held", "en"),
        ("Haftar’s", "Haftar", "en"),
        ("İSTANBUL", "İstanbul’un", "tr"),
        ("seçim", "seçimler", "tr"),
        ("كتاب", "کتاب‌های", "fa"),
        ("٢٠١٩", "2019", "ar"),
    ],
)
def test_typed_words_meet(analysers: Analysers, query: str, text: str, language: str) -> None:
    """Case, marks, digits, elisions and endings are no obstacle there either."""
    assert _meets(analysers, query, text, language)


def _meets(analysers: Analysers, query: str, text: str, language: str) -> bool:
    found = {form for term in terms(text, language) for form in (term.exact, *term.stems)}
    return all(forms & found for forms in analysers.positions("typed_stems", query))
