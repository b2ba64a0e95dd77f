"""Mentions: from a place to the stories whose newest revision names it, and to no others."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from dateline import keys
from dateline.index.place_items import Mentions, Revision
from tests.support.samples import Newsroom

ID = keys.article_id("http://news.example.org/a")
SFAX, TUNIS, TRIPOLI = 2467454, 2464470, 2210247
BODIES = ["Sfax dated|Boats left Sfax.", "Sfax|Boats left Sfax for Tunis.", "Tripoli|A pier for Tripoli."]


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def mentions(newsroom: Newsroom) -> set[tuple[str, str]]:
    """The keys of all mentions that there are."""
    items = [item for item in newsroom.items() if item["PK"].startswith("PLACE#")]
    return {(item["PK"], item["SK"]) for item in items if not item["SK"].startswith("MONTH#")}


def test_mention_shows_list_fields(newsroom: Newsroom) -> None:
    """A mention says what lists show."""
    newsroom.archive().add(newsroom.capture(("a", BODIES[0])))
    mention, about = (item for item in newsroom.items() if item["PK"].startswith("PLACE#") and "title" in item)
    assert {name: value for name, value in mention.items() if name not in ("PK", "SK")} == {
        "id": ID,
        "title": "Sfax dated",
        "source": "sample",
        "published_at": "2019-04-16T09:30:00+02:00",
    }
    assert {**about, "PK": mention["PK"]} == mention


def test_place_lists_equal_others(newsroom: Newsroom) -> None:
    """The stories of a place are those of the other lists."""
    for number in range(3):
        newsroom.archive().add(newsroom.capture((str(number), f"Sfax {number}|Boats left Sfax.")))
    query = newsroom.query()
    assert list(query.of_place(SFAX)) == list(query.about("tn")) == list(query.of_all())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_mention_of_newest_revision(newsroom: Newsroom, order: Sequence[int]) -> None:
    """A story is mentioned as its newest revision has it in whatever order."""
    captures = [newsroom.capture(("a", body)) for body in BODIES]
    for number in order:
        newsroom.archive().add(captures[number])
    (current,) = newsroom.index.current([ID]).values()
    partitions = {f"PLACE#{TRIPOLI}#2019-04", "PLACE#ly#2019-04"}
    assert mentions(newsroom) == {(partition, current["published_key"]) for partition in partitions}


@pytest.mark.parametrize("written", [False, True])
def test_concurrent_mentions_settle(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, written: bool) -> None:
    """The newer revision is archived before or after the older one's mentions, and before its CURRENT item."""
    captures = [newsroom.capture(("a", body)) for body in BODIES[1:]]
    put, puts = Mentions.put, itertools.count()

    def meanwhile(self: Mentions, revisions: Iterable[Revision]) -> None:
        first = next(puts) == 0
        if first and not written:
            newsroom.archive().add(captures[1])
        put(self, revisions)
        if first and written:
            newsroom.archive().add(captures[1])

    monkeypatch.setattr(Mentions, "put", meanwhile)
    newsroom.archive().add(captures[0])
    assert {key.split("#")[1] for key, _ in mentions(newsroom)} == {str(TRIPOLI), "ly"}


def test_mention_under_kilobyte(newsroom: Newsroom) -> None:
    """A mention is under a kilobyte."""
    many = " ".join(f"في {place}." for place in ("طرابلس", "بنغازي", "صفاقس", "القاهرة", "الخرطوم", "باماكو") * 9)
    newsroom.archive().add(newsroom.capture(("a" * 100, f"{'ليبيا ' * 40}dated|{many}")))
    found = [item for item in newsroom.items() if item["PK"].startswith("PLACE#") and "title" in item]
    assert len(found) == 8
    assert max(map(size, found)) < 1024


def size(value: Any) -> int:
    """Bytes of a value as DynamoDB counts them."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return 3 + sum(1 + len(name) + size(each) for name, each in value.items())
    if isinstance(value, list):
        return 3 + sum(1 + size(each) for each in value)
    return 1 + len(str(value)) // 2 + 1
