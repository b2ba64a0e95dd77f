"""Shards: months, parts that take precedence over each other, and a cache with a limit."""

from pathlib import Path

from tests.conftest import Aws
from tests.search.library import article, search


def test_exact_forms_rank_first(aws: Aws, tmp_path: Path) -> None:
    """A word as it was asked for outranks its other forms, in whichever month."""
    other = article("Elections announced", "Elections and elections.", published_at="2019-05-01")
    exact = article("One election", "It is an election.", published_at="2019-03-01")
    text = article("Another story", "There may be an election.", published_at="2019-04-01")
    arabic = [article("المهاجرون", "x", language="ar"), article("مهاجرون", "x", language="ar")]
    library = search(aws, tmp_path, [other, exact, text, *arabic])
    assert next(hit.story["title"] for hit in library.find("election").hits) == "One election"
    assert [hit.story["title"] for hit in library.find("مهاجرون").hits] == ["مهاجرون", "المهاجرون"]


def test_pasted_headlines_rank_first(aws: Aws, tmp_path: Path) -> None:
    """A headline with the query's words in their order outranks one with more about them."""
    wanted = article("The history of coffee", "Beans and coffee. " + "A word of another kind. " * 40)
    fuller = article("The rich history of coffee", "The coffee of history, a history of coffee.")
    arabic = [
        article("تاريخ البن في اليمن", "x " * 80, language="ar"),
        article("في تاريخ اليمن البن", "x", language="ar"),
    ]
    library = search(aws, tmp_path, [fuller, wanted, *arabic, article("Rain", "Much.")])
    for title in (wanted.title, arabic[0].title, "تاريخ البن في اليمن"):
        assert library.find(title).hits[0].story["title"] == title


def test_common_words_of_headlines_tell_little(aws: Aws, tmp_path: Path) -> None:
    """A word of most texts is not rare for being in one headline alone."""
    wanted = article("A quiet market", "Dates from Gabes, dates from Tozeur, all about dates.")
    other = article("News from everywhere", "Of dates it said little. " + "Of much else it said more. " * 30)
    filler = [article(f"Report {number}", "Rain from the sea.") for number in range(30)]
    library = search(aws, tmp_path, [other, wanted, *filler])
    assert library.find("dates from").hits[0].story["title"] == wanted.title


def test_newest_first_reads_few_months(aws: Aws, tmp_path: Path) -> None:
    """In the order of publication, older months are not even fetched once the page is full."""
    stories = [
        article(f"Story {month} {number}", "Rain.", published_at=f"2018-{month:02}-0{number}")
        for month in range(1, 13)
        for number in range(1, 4)
    ]
    library = search(aws, tmp_path, stories)
    page = library.find("rain", by="newest", limit=4)
    assert [hit.story["title"] for hit in page.hits] == ["Story 12 3", "Story 12 2", "Story 12 1", "Story 11 3"]
    assert len(list(tmp_path.iterdir())) == 2
    assert page.total is None


def test_newer_parts_take_precedence(aws: Aws, tmp_path: Path) -> None:
    """A story that was indexed again is found by its newest words alone, and counted once."""
    before, after = article("A fire", "In the harbour."), article("A fire", "In the market.")
    library = search(aws, tmp_path, [before, article("Rain", "Much.")], [after])
    assert not library.find("harbour").hits
    assert library.find("market").total == 1
    results = library.find("", facets=True)
    assert (results.total, results.facets and results.facets.sources) == (2, {"sample": 2})
