"""Querying what was archived."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from dateline.cli.reading.query import place_id
from dateline.cli.terminal.output import CommandError
from dateline.index.list_items import indexed_key
from dateline.query.filters import Selection
from dateline.query.query import Query
from tests.support.samples import NOON, Newsroom

PLACES = ["", " Sfax.", " Sfax and Tripoli."]


@pytest.fixture
def query(aws: Any) -> Query:
    newsroom = Newsroom(aws)
    for crawl in range(2):
        pages = [(f"{n}", f"Story {n} of {crawl}{' dated' if n else ''}|Words {n}.{PLACES[n]}") for n in range(3)]
        newsroom.archive(clock=lambda crawl=crawl: NOON + timedelta(days=crawl)).add(newsroom.capture(*pages))
    return newsroom.query()


@pytest.mark.parametrize(
    ("since", "until", "stories"),
    [
        (None, None, 3),
        (date(2019, 4, 16), date(2019, 4, 16), 2),
        (date(2019, 4, 17), None, 1),
        (None, date(2019, 4, 15), 0),
        (date(2018, 1, 1), date(2020, 1, 1), 3),
        (date(2019, 5, 1), None, 0),
    ],
)
def test_stories_of_a_range(query: Query, since: date | None, until: date | None, stories: int) -> None:
    for found in (
        query.of_source("sample", since, until),
        query.of_country("ly", since, until),
        query.of_all(since, until),
    ):
        assert len(list(found)) == stories


@pytest.mark.parametrize(
    ("wanted", "stories"),
    [
        ({}, 3),
        ({"source": "sample", "country": "ly"}, 3),
        ({"source": "sample", "country": "tn"}, 0),
        ({"country": "ly", "until": date(2019, 4, 16)}, 2),
        ({"language": "ar"}, 0),
        ({"text": "STORY 2"}, 1),
        ({"text": "words"}, 3),
        ({"text": "words", "limit": 2}, 2),
        ({"place": 2467454}, 2),
        ({"place": 2210247, "about": "tn", "country": "ly", "since": date(2019, 4, 16)}, 1),
        ({"place": 2467454, "about": "ly"}, 1),
        ({"place": 2467454, "until": date(2019, 4, 15)}, 0),
        ({"place": 2467454, "source": "other"}, 0),
        ({"about": "tn", "text": "words 2"}, 1),
        ({"about": "eg"}, 0),
    ],
)
def test_selection_meets_all_conditions(query: Query, wanted: dict[str, Any], stories: int) -> None:
    """A selection is what all its conditions admit."""
    assert len(list(Selection(**wanted).of(query))) == stories


def test_unknown_country_is_zz(aws: Any) -> None:
    """An outlet whose country is not known has one to be found under."""
    newsroom = Newsroom(aws, country=None)
    newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    for found in (newsroom.query().of_country("zz"), Selection(source="sample", country="zz").of(newsroom.query())):
        assert [story["title"] for story in found] == ["Title"]


@pytest.mark.parametrize("outlets", [1, 5])
def test_all_stories_by_country(aws: Any, outlets: int) -> None:
    """The whole archive's list takes as many calls for five outlets of a country as for one."""
    for number in range(outlets):
        newsroom = Newsroom(aws, source=f"outlet-{number}", host=f"{number}.example.org")
        newsroom.archive().add(newsroom.capture(("a", f"Title {number}|Words of {number}.")))
    calls: list[str] = []
    aws.on_call("before-call", lambda model, **_: calls.append(model.name))
    assert len(list(newsroom.query().of_all())) == outlets
    assert calls == ["Query", "Query", "Query", "BatchGetItem"]  # countries, months, the month's list, its stories


def test_story_by_url(query: Query) -> None:
    """One story by URL its revisions words and bytes."""
    story = query.story("http://news.example.org/1?utm_campaign=x")
    assert story
    first, second = query.revisions(story["id"])
    assert [first["title"], second["title"]] == ["Story 1 of 0 dated", "Story 1 of 1 dated"]
    assert query.article(first).text == "Words 1. Sfax."
    assert query.raw(first).body == b"Story 1 of 0 dated|Words 1. Sfax."
    assert query.story("nothing") is None


def test_everything_since_a_cursor(query: Query) -> None:
    stories = list(query.indexed_since("2019-04-17"))
    assert [story["revision"] for story in stories] == [2, 2, 2]
    assert list(query.indexed_since(indexed_key(stories[0]))) == stories[1:]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("صفاقس", 2467454),
        ("2210247", 2210247),
        ("Sabha", 2212775),
        ("tripoli", "the gazetteer has no place 'tripoli'; give its GeoNames id, if it has one"),
        ("Tripoli", "give the id of one: 2210247 (Tripoli, ly), 266826 (Tripoli, lb)"),
    ],
)
def test_place_by_certain_name(name: str, answer: int | str) -> None:
    """A place is asked for by a name that is hardly anothers."""
    if isinstance(answer, int):
        assert place_id(name) == answer
        return
    with pytest.raises(CommandError, match=re.escape(answer)):
        place_id(name)
