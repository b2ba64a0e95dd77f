"""Lists: from a source, a country, a place or a day to the stories whose newest revision belongs there."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from dateline.index import list_items
from dateline.index.list_items import ListItems, Revision, indexed_key, published_key
from dateline.keys import identifiers, item_keys
from tests.support.samples import KilledError, Newsroom, killer

ID = identifiers.article_id("http://news.example.org/a")
SFAX, TUNIS, TRIPOLI = 2467454, 2464470, 2210247
BODIES = ["Sfax dated|Boats left Sfax.", "Sfax|Boats left Sfax for Tunis.", "Tripoli|A pier for Tripoli."]


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def listed(newsroom: Newsroom) -> set[tuple[str, str]]:
    """The keys of all list items."""
    return {(item["PK"], item["SK"]) for item in newsroom.items() if item_keys.is_listed(item["PK"])}


def test_list_items_are_keys(newsroom: Newsroom) -> None:
    """A story is an item of its source, its outlet's country, its places, its subjects and its day; keys alone."""
    newsroom.archive().add(newsroom.capture(("a", BODIES[0])))
    published, indexed = f"2019-04-16T07:30:00Z#{ID}", f"2019-04-17T12:00:00.000Z#{ID}"
    lists = ("SOURCE#sample", "COUNTRY#ly", f"PLACE#{SFAX}", "PLACE#tn")
    expected = {(f"{each}#2019-04", published) for each in lists} | {("INDEXED#2019-04-17", indexed)}
    assert listed(newsroom) == expected
    assert all(item.keys() == {"PK", "SK"} for item in newsroom.items() if item_keys.is_listed(item["PK"]))


@pytest.mark.parametrize("stays", ["one", "both", "none"])
def test_lists_of_two_kinds_merge(newsroom: Newsroom, stays: str) -> None:
    """Stories in the indexes of before December 2026 are listed in their places among the others."""
    for number in range(4):
        newsroom.archive().add(newsroom.capture((str(number), f"Sfax {number}|Boats left Sfax.")))
    query = newsroom.query()
    expected = [list(stories) for stories in lists_of(query)]
    former = {"one": [0, 2], "both": [0, 1, 2, 3], "none": []}[stays]
    for number in former:
        make_former(newsroom, expected[0][number]["id"])
    found = [[(story["id"], story["title"]) for story in stories] for stories in lists_of(query)]
    assert found == [[(story["id"], story["title"]) for story in stories] for stories in expected]


def lists_of(query: Any) -> list[Iterable[Any]]:
    return [
        query.of_source("sample"),
        query.of_country("ly", newest_first=True),
        query.of_all(),
        query.indexed_since("2019-04-17"),
        query.latest_indexed(),
    ]


def make_former(newsroom: Newsroom, id: str) -> None:
    """Give a story the attributes of the indexes instead of its list items, as an earlier version did."""
    table = newsroom.aws.table
    (story,) = newsroom.index.current([id]).values()
    published, indexed = published_key(story), indexed_key(story)
    attributes = {"source_month": f"sample#{published[:7]}", "country_month": f"ly#{published[:7]}"}
    attributes |= {"published_key": published, "indexed_day": indexed[:10], "indexed_key": indexed}
    table.put_item(Item={**story, **attributes})
    for item in list_items.of(story):
        if not item["PK"].startswith("PLACE#"):
            table.delete_item(Key=item)
    for register in (item_keys.month("SOURCE", "sample", "2019-04"), item_keys.month("COUNTRY", "ly", "2019-04")):
        table.put_item(Item={**register, "SK": register["SK"].removesuffix(item_keys.LISTED)})
    table.put_item(Item=item_keys.register("INDEXED", indexed[:10]))


def test_former_story_moves_to_lists(newsroom: Newsroom) -> None:
    """A revision takes a story out of the former indexes, and into the lists."""
    first, second = (newsroom.capture(("a", body)) for body in BODIES[:2])
    newsroom.archive().add(first)
    expected = listed(newsroom)
    make_former(newsroom, ID)
    newsroom.archive().add(second)
    assert [story["id"] for story in newsroom.query().of_source("sample")] == [ID]
    (story,) = newsroom.index.current([ID]).values()
    assert not {"source_month", "country_month", "published_key", "indexed_day", "indexed_key"} & story.keys()
    assert len(listed(newsroom)) == len(expected) + 1, "Tunis was added"


def test_single_filter_page_is_one_query(newsroom: Newsroom) -> None:
    """A page of a list costs a query for its months, one for its items and one BatchGetItem; a scan never happens."""
    for number in range(3):
        newsroom.archive().add(newsroom.capture((str(number), f"Sfax {number}|Boats left Sfax.")))
    for lists in ("of_source", "sample"), ("of_country", "ly"), ("of_place", SFAX), ("about", "tn"):
        calls = Counter[str]()

        def count(model: Any, calls: Counter[str] = calls, **_: Any) -> None:
            calls[model.name] += 1

        newsroom.aws.on_call("before-call", count)
        found = list(itertools.islice(getattr(newsroom.query(), lists[0])(lists[1], newest_first=True), 3))
        newsroom.aws.off_call("before-call", count)
        assert (len(found), calls) == (3, {"Query": 2, "BatchGetItem": 1}), lists


def test_place_lists_equal_others(newsroom: Newsroom) -> None:
    """The stories of a place are those of the other lists."""
    for number in range(3):
        newsroom.archive().add(newsroom.capture((str(number), f"Sfax {number}|Boats left Sfax.")))
    query = newsroom.query()
    assert list(query.of_place(SFAX)) == list(query.about("tn")) == list(query.of_all())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_lists_have_newest_revision(newsroom: Newsroom, order: Sequence[int]) -> None:
    """A story is listed as its newest revision has it, in whatever order."""
    captures = [newsroom.capture(("a", body)) for body in BODIES]
    for number in order:
        newsroom.archive().add(captures[number])
    (current,) = newsroom.index.current([ID]).values()
    partitions = {f"{each}#2019-04" for each in ("SOURCE#sample", "COUNTRY#ly", f"PLACE#{TRIPOLI}", "PLACE#ly")}
    items = {(partition, published_key(current)) for partition in partitions}
    assert listed(newsroom) == items | {("INDEXED#2019-04-17", indexed_key(current))}


@pytest.mark.parametrize("written", [False, True])
def test_concurrent_lists_settle(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, written: bool) -> None:
    """The newer revision is archived before or after the older one's list items, and before its CURRENT item."""
    captures = [newsroom.capture(("a", body)) for body in BODIES[1:]]
    put, puts = ListItems.put, itertools.count()

    def meanwhile(self: ListItems, revisions: Iterable[Revision]) -> None:
        first = next(puts) == 0
        if first and not written:
            newsroom.archive().add(captures[1])
        put(self, revisions)
        if first and written:
            newsroom.archive().add(captures[1])

    monkeypatch.setattr(ListItems, "put", meanwhile)
    newsroom.archive().add(captures[0])
    assert {key.split("#")[1] for key, _ in listed(newsroom) if key.startswith("PLACE#")} == {str(TRIPOLI), "ly"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Sfax|Boats left Sfax for Tunis.", "Tunis|A ship of Tunis."),
        ("Sfax|Boats left Sfax.", "Sfax|Boats left Sfax, then Tripoli."),
        ("Tripoli|A pier for Tripoli.", "مرسى جديد|أعلنت البلدية افتتاح المرسى صباح أمس."),
        ("مرسى جديد|أعلنت البلدية افتتاح المرسى صباح أمس.", "مرسى جديد|أجلت البلدية افتتاح المرسى إلى الغد."),
    ],
)
def test_revision_moves_lists_without_reading(newsroom: Newsroom, first: str, second: str) -> None:
    """The lists of a later revision are written from the CURRENT item that it replaced; no list item is read."""
    captures = [newsroom.capture(("a", body)) for body in (first, second)]
    newsroom.archive().add(captures[0])
    read = list[str]()

    def keys(params: Any, model: Any, **_: Any) -> None:
        if model.name == "BatchGetItem":
            (asked,) = json.loads(params["body"])["RequestItems"].values()
            read.extend(key["PK"]["S"] for key in asked["Keys"])

    newsroom.aws.on_call("before-call", keys)
    newsroom.archive().add(captures[1])
    newsroom.aws.off_call("before-call", keys)
    (current,) = newsroom.index.current([ID]).values()
    assert listed(newsroom) == {(item["PK"], item["SK"]) for item in list_items.of(current)}
    assert read
    assert not any(map(item_keys.is_listed, read))


@pytest.mark.parametrize(
    "bodies",
    [
        ("Sfax|Boats left Sfax.", "Tunis|A ship of Tunis.", "Tunis|A ship of Tunis and of Tripoli."),
        ("Sfax|Boats left Sfax.", "Tripoli|A pier for Tripoli.", "مرسى|أعلنت البلدية افتتاح المرسى."),
        ("مرسى|أعلنت البلدية افتتاح المرسى.", "Sfax dated|Boats left Sfax.", "Sfax dated|Boats left Sfax for Tunis."),
    ],
)
def test_killed_writer_settles_lists_later(newsroom: Newsroom, bodies: Sequence[str]) -> None:
    """A revision's writer is killed after any call, the next revision is archived, then the killed file again."""
    first, killed, last = (newsroom.capture(("a", body)) for body in bodies)
    for call in itertools.count(1):
        newsroom.aws.clear_archive()
        newsroom.archive().add(first)
        die = killer(call)
        newsroom.aws.on_call("after-call", die)
        try:
            newsroom.archive().add(killed)
            was_killed = False
        except KilledError:
            was_killed = True
        newsroom.aws.off_call("after-call", die)
        newsroom.archive().add(last)
        newsroom.archive().add(killed)
        (current,) = newsroom.index.current([ID]).values()
        assert current["revision"] == 3
        assert listed(newsroom) == {(item["PK"], item["SK"]) for item in list_items.of(current)}, call
        if not was_killed:
            break
    assert call > 15
