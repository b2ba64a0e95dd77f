"""Search: queries over invented stories in four languages."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from dateline.article import Article, Name
from dateline.search.query.find import CursorError, Search
from dateline.search.query.language import QueryError, is_unpaired, parse
from tests.conftest import emulated
from tests.search.library import article, search

CLASHES = article(
    "Clashes south of Tripoli",
    "Armed groups clashed near the airport. Residents fled the capital on Monday.",
    authors=("Salma Werfalli",),
    about=("ly",),
    places=(2210247,),
    persons=(Name("haftar", "Khalifa Haftar"),),
    organisations=(Name("noc", "National Oil Corporation"),),
)
FOOTBALL = article("Football: Tripoli wins derby", "The airport stand was full.", source="goal", outlet_country="eg")
LOAN = article("The central bank grants a loan", "Bankers say clashes of interest abound.", captions=("A vault (AFP)",))
ELECTION = article(
    "Le gouvernement reporte les élections",
    "L’élection était prévue en avril. Les électeurs attendaient depuis un an.",
    language="fr",
    source="courrier",
    outlet_country="tn",
    published_at="2019-05-02",
)
HAFTAR = article(
    "قوات لحفتر تدخل المدينة",
    "قالت الحكومة الليبية إن المهاجرين غادروا المدينة. ووصل وفد إلى طرابلس.",
    language="ar",
    published_at="2019-03-31T23:30:00+02:00",
    persons=(Name("haftar", "Khalifa Haftar"),),
)
TURKISH = article(
    "Trablus'ta çatışmalar sürüyor",
    "Seçimler İstanbul'da konuşuldu. Kuvvetler kentin güneyinde.",
    language="tr",
    source="haber",
    outlet_country="tr",
)
STORIES = [CLASHES, FOOTBALL, LOAN, ELECTION, HAFTAR, TURKISH]


@pytest.fixture(scope="module")
def library(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    with emulated(template) as aws:
        yield search(aws, tmp_path_factory.mktemp("cache"), STORIES)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("clashes airport", [CLASHES]),
        ("clash", [CLASHES, LOAN]),
        ('"clashes south"', [CLASHES]),
        ('"south clashes"', []),
        ("“armed groups”", [CLASHES]),
        ("«le gouvernement»", [ELECTION]),
        ("tripoli -football", [CLASHES]),
        ('tripoli -"wins derby"', [CLASHES]),
        ("title:airport", []),
        ("title:tripoli", [CLASHES, FOOTBALL]),
        ("author:werfalli", [CLASHES]),
        ("vault", [LOAN]),
        ("source:goal", [FOOTBALL]),
        ("airport source:goal", [FOOTBALL]),
        ("airport -source:goal", [CLASHES]),
        ("about:ly", [CLASHES]),
        ("place:2210247", [CLASHES]),
        ("place:طرابلس", [CLASHES]),
        ("place:Trablus", [CLASHES]),
        ("person:haftar", [CLASHES, HAFTAR]),
        ("person:Хафтар", [CLASHES, HAFTAR]),
        ('person:"Halife Hafter"', [CLASHES, HAFTAR]),
        ("-person:Hifter clashes", [LOAN]),
        ("person:noc", [CLASHES]),
        ('person:"المؤسسة الوطنية للنفط"', [CLASHES]),
        ("khalifa haftar", [CLASHES, HAFTAR]),
        ("Hifter المدينة", [HAFTAR]),
        ('"khalifa haftar"', []),
        ("country:tr", [TURKISH]),
        ("language:ar", [HAFTAR]),
        ("election", [ELECTION]),
        ("électeur", [ELECTION]),
        ("حفتر", [CLASHES, HAFTAR]),
        ("المهاجرون", [HAFTAR]),
        ("حكومة ليبيه", [HAFTAR]),
        ('"الحكومة الليبية"', [HAFTAR]),
        ("وفد طرابلس", [HAFTAR]),
        ("SECIM", [TURKISH]),
        ("trablus çatışma", [TURKISH]),
        ("date:2019-05", [ELECTION]),
        ("since:2019-05-01", [ELECTION]),
        ("until:2019-03-31", [HAFTAR]),
        ("date:2019-04-16 airport", [CLASHES, FOOTBALL]),
        ("clashes: south", [CLASHES]),
    ],
)
def test_queries_find_stories(library: Search, query: str, found: list[Article]) -> None:
    """Words, phrases, exclusions, fields and dates find what they say, in each language."""
    results = library.find(query)
    expected = {story.title for story in found}
    assert {hit.story["title"] for hit in results.hits if not results.relaxed} == expected
    assert results.total == len(found) or results.relaxed


def test_filters_narrow(library: Search) -> None:
    """Filters and dates of the call are beside those of the query."""
    assert [hit.story["source"] for hit in library.find("", sources=["goal", "haber"], by="newest").hits] in (
        ["goal", "haber"],
        ["haber", "goal"],
    )
    assert library.find("", countries=["tn"]).total == 1
    assert library.find("", languages=["ar", "fr"]).total == 2
    assert library.find("", since=date(2019, 4, 1), until=date(2019, 4, 30)).total == 4
    assert library.find("since:2019-04-01", until=date(2019, 4, 30)).total == 4
    assert library.find("since:2019-05-01", until=date(2019, 4, 30)).total == 0


def test_most_words_suffice(library: Search) -> None:
    """Where no story has all of the words, those with most of them are found, and it is said so."""
    results = library.find("armed groups airport zeppelin")
    assert (results.relaxed, [hit.story["title"] for hit in results.hits]) == (True, [CLASHES.title])
    assert not library.find("zeppelin").hits
    assert not library.find("clashes airport").relaxed


def test_facets_count_all(library: Search) -> None:
    """Facets count all matching stories by source, country, language and month."""
    facets = library.find("", facets=True, limit=1).facets
    assert facets is not None
    assert facets.sources == {"sample": 3, "goal": 1, "courrier": 1, "haber": 1}
    assert facets.countries == {"ly": 3, "eg": 1, "tn": 1, "tr": 1}
    assert facets.languages == {"en": 3, "ar": 1, "fr": 1, "tr": 1}
    assert list(facets.months.items()) == [("2019-05", 1), ("2019-04", 4), ("2019-03", 1)]


@pytest.mark.parametrize("by", ["relevance", "newest"])
def test_pages_have_each_story_once(library: Search, by: Any) -> None:
    """A cursor leads through all stories, each once."""
    titles: list[str] = []
    cursor = None
    while True:
        page = library.find("", by=by, limit=2, cursor=cursor)
        titles += [hit.story["title"] for hit in page.hits]
        cursor = page.cursor
        if not cursor:
            break
    assert sorted(titles) == sorted(story.title for story in STORIES)
    if by == "newest":
        assert (titles[0], titles[-1]) == (ELECTION.title, HAFTAR.title)


@pytest.mark.parametrize("cursor", ["x", "eyJ9", "WyJuZXdlc3QiLCAxXQ", "WyJyZWxldmFuY2UiLCAtMV0", "é", "bnVs", "WzFd"])
def test_forged_cursors_are_refused(library: Search, cursor: str) -> None:
    """A cursor that this search did not give is an error."""
    with pytest.raises(CursorError):
        library.find("clashes", cursor=cursor)


@pytest.mark.parametrize("query", ["since:2019-13-01", "date:yesterday", "until:2019-02-30", " ".join("x" * 99)])
def test_impossible_queries_are_refused(library: Search, query: str) -> None:
    """A date that is none, and a query without end, are errors that say so."""
    with pytest.raises(QueryError):
        library.find(query)


@pytest.mark.parametrize("query", ["(((", "***", "-", "😀", "''", "؟"])
def test_query_without_word_finds_none(library: Search, query: str) -> None:
    """Signs alone match nothing, rather than everything as an empty query does."""
    results = library.find(query)
    assert (results.hits, results.total, results.cursor) == ((), 0, None)
    assert library.find("").hits


@pytest.mark.parametrize(
    ("query", "unpaired"),
    [
        ('cla"shes', True),
        ('"armed clashes', True),
        ('armed "clashes" in"', True),
        ("«armed clashes", True),
        ("armed “clashes", True),
        ('"armed clashes"', False),
        ("„armed clashes“ «in»", False),
        ("armed clashes", False),
    ],
)
def test_unpaired_mark_is_a_space(query: str, unpaired: bool) -> None:
    """A quotation mark without its partner makes no phrase; a command can say so."""
    assert is_unpaired(query) == unpaired
    if unpaired:
        words = query.replace('"clashes"', "clashes")
        spaced = "".join(" " if mark in '"“”„«»' else mark for mark in words)
        assert [clause.text for clause in parse(query).clauses] == spaced.split()


@pytest.mark.parametrize("query", ['"', "-", ":", "a:", 'title:""', "«", "()*?~^\\", "-source:", "\x00", "OR AND NOT"])
def test_odd_queries_do_no_harm(library: Search, query: str) -> None:
    """Whatever people type is a search."""
    library.find(query)
