"""Archiving: each page one outcome, each story one revision for each change of its words, whatever dies on the way."""

import dataclasses
import gzip
import io
import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from dateline import capture
from dateline.archive.formats import read_articles, read_outcomes
from dateline.article import Article, Extraction, Outcome, content_digest
from dateline.aws import dynamodb
from dateline.index.list_items import published_key
from dateline.keys import identifiers, item_keys, object_keys
from dateline.page import Page, Payload
from dateline.story import StoryItem
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def test_pages_outcomes_and_places(newsroom: Newsroom) -> None:
    """Each page has one outcome and each story its place."""
    key = newsroom.capture(("a", "A dated story|Words."), ("b", "front page"), ("c", "Another|Words too."))
    outcomes = newsroom.archive().add(key)
    assert [page.outcome.value for page in outcomes] == ["archived", "not_article", "archived"]
    stored = newsroom.objects()[newsroom.articles_key(key)]
    assert [json.loads(line)["title"] for line in gzip.decompress(stored).splitlines()] == ["A dated story", "Another"]
    for each in read_articles(stored):
        member = stored[each.offset : each.offset + each.length]
        assert Article.from_dict(json.loads(gzip.decompress(member))) == each.article
    dated, undated = (newsroom.index.current([page.id])[page.id] for page in (outcomes[0], outcomes[2]))
    assert published_key(dated) == f"2019-04-16T07:30:00Z#{dated['id']}"
    assert published_key(undated) == f"2019-04-17T12:00:02.000Z#{undated['id']}"
    assert "published_at" not in undated
    counters = newsroom.aws.table.get_item(Key=item_keys.day("sample", "2019-04-17"))["Item"]
    assert (counters["archived"], counters["not_article"]) == (2, 1)


def test_other_words_make_revision(newsroom: Newsroom) -> None:
    """Only other words make a revision."""
    crawls = ["Title|First words.", "Title|First  words.\n", "New title|First words.", "Title|First words."]
    found = [newsroom.archive().add(newsroom.capture(("a", page)))[0] for page in crawls]
    assert [page.outcome.value for page in found] == ["archived", "unchanged", "archived", "archived"]
    assert [page.revision for page in found] == [1, None, 2, 3]
    current = newsroom.index.current([found[0].id])[found[0].id]
    assert (current["revision"], current["first_seen_at"]) == (3, "2019-04-17T12:00:00.000Z")


def test_newest_capture_is_current(newsroom: Newsroom) -> None:
    """The newest capture is current in whatever order they come."""
    captures = [newsroom.capture(("a", f"Title {n}|Words.")) for n in range(3)]
    for key in reversed(captures):
        (page,) = newsroom.archive().add(key)
    assert newsroom.index.current([page.id])[page.id]["title"] == "Title 2"


def test_page_twice_is_duplicate(newsroom: Newsroom) -> None:
    """A page twice in one capture is a duplicate."""
    key = newsroom.capture(("a?utm_source=feed", "Title|Words."), ("a", "Title|Words."))
    assert [page.outcome.value for page in newsroom.archive().add(key)] == ["archived", "duplicate"]


def test_gone_story_is_marked(newsroom: Newsroom) -> None:
    """A story that goes is marked and one that returns is not."""
    (page,) = newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    gone = newsroom.archive().add(newsroom.capture(("a", "not here"), status="404 Not Found"))
    assert [each.outcome for each in gone] == [Outcome.GONE]
    assert newsroom.index.current([page.id])[page.id]["gone_at"] == gone[0].captured_at
    newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    assert "gone_at" not in newsroom.index.current([page.id])[page.id]


@pytest.mark.parametrize(
    ("status", "outcome"), [("304 Not Modified", Outcome.UNCHANGED), ("404 Not Found", Outcome.GONE)]
)
def test_revisit_needs_no_extraction(newsroom: Newsroom, status: str, outcome: Outcome) -> None:
    """A revisit is settled without extraction."""
    newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    key = newsroom.capture(("a", ""), status=status, revisits=Payload("http://news.example.org/a", NOON, "x"))
    (page,) = newsroom.archive(extract=None).add(key)
    assert (page.outcome, page.revision) == (outcome, None)
    assert ("gone_at" in newsroom.index.current([page.id])[page.id]) == (outcome is Outcome.GONE)


def test_redelivered_message_changes_nothing(newsroom: Newsroom) -> None:
    """A message delivered twice changes nothing."""
    key = newsroom.capture(("a", "Title|Words."), ("b", "front page"))
    newsroom.archive().add(key)
    items, objects = newsroom.items(), newsroom.objects()
    assert newsroom.archive(clock=lambda: NOON + timedelta(days=1)).add(key) == []
    assert (newsroom.items(), newsroom.objects()) == (items, objects)


def test_killed_add_ends_same(newsroom: Newsroom) -> None:
    """The reference run comes last, so that each attempt starts from the same table with one revision in it.

    After each call; before each: ``test_faults``.
    """
    earlier = newsroom.capture(("a", "A dated story|Boats left Sfax."))
    key = newsroom.capture(("a", "A dated story|And Tripoli."), ("b", "front page"), ("a", "Changed|From Tunis."))
    ends = []
    for call in itertools.count(1):
        die = killer(call)
        newsroom.aws.clear_archive()
        newsroom.archive().add(earlier)
        newsroom.aws.on_call("after-call", die)
        try:
            newsroom.archive().add(key)
            killed = False
        except KilledError:
            killed = True
        newsroom.aws.off_call("after-call", die)
        newsroom.archive(clock=lambda: NOON).add(key)
        ends.append((newsroom.items(), newsroom.objects()))
        if not killed:
            break
    assert len(ends) > 8
    assert all(end == ends[-1] for end in ends)
    assert [story["title"] for story in newsroom.query().of_place(2464470)] == ["Changed"]
    assert not list(newsroom.query().of_place(2467454))


def test_two_deliveries_at_once_agree(newsroom: Newsroom) -> None:
    """The second begins before the first commits, and decides when the first has indexed half of its stories."""
    key = newsroom.capture(*((str(n), f"Title {n}|Words {n}.") for n in range(4)))
    first, index = newsroom.archive(), newsroom.index
    put, puts, begun = index._put_current, itertools.count(1), list[Page]()

    def put_two(*stored: Any) -> None:
        if next(puts) > 2:
            raise KilledError
        put(*stored)

    def meanwhile(page: Page) -> Extraction:
        if not begun:
            begun.append(page)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(index, "_put_current", put_two)
                with pytest.raises(KilledError):
                    first.add(key)
        return extract(page)

    newsroom.archive(extract=meanwhile).add(key)
    outcomes = read_outcomes(newsroom.objects()[object_keys.parse(key).outcomes])
    assert [page.outcome for page in outcomes] == [Outcome.ARCHIVED] * 4
    for item in newsroom.index.current(page.id for page in outcomes).values():
        assert newsroom.query().article(cast("StoryItem", item)).title == item["title"]


HERE, SAME, GONE = ("Title|Words.", "200 OK"), ("", "304 Not Modified"), ("not here", "404 Not Found")


@pytest.mark.parametrize(
    ("looks", "gone"),
    [
        ((HERE, GONE), True),
        ((HERE, GONE, SAME), False),
        ((HERE, SAME, GONE), True),
        ((HERE, GONE, SAME, GONE), True),
        ((GONE, HERE, GONE, SAME), False),
    ],
)
def test_gone_in_any_order(newsroom: Newsroom, looks: Sequence[tuple[str, str]], gone: bool) -> None:
    """Whether a story is gone is no matter of the order of archiving."""
    known = Payload("http://news.example.org/a", NOON, "x")
    captures = [
        newsroom.capture(("a", body), status=status, revisits=known if body == "" else None) for body, status in looks
    ]
    ends = []
    for order in itertools.permutations(captures):
        newsroom.aws.clear_archive()
        for key in order:
            newsroom.archive().add(key)
        ends.append([item for item in newsroom.items() if not item["SK"].startswith(("DAY", "DONE", "REV"))])
        (story,) = newsroom.query().of_all()
        assert story.get("gone_at", "") > story["captured_at"] if gone else "gone_at" not in story
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("last", ["gone", "there"])
def test_other_url_counts_in_any_order(newsroom: Newsroom, last: str) -> None:
    """A look at another URL of the story counts for it, whichever file is archived first."""

    def canonical(page: Page) -> Extraction:
        found, url = extract(page), "http://news.example.org/a"
        article = found.article and dataclasses.replace(found.article, id=identifiers.article_id(url), url=url)
        return found._replace(article=article)

    known = Payload("http://news.example.org/b", NOON, "x")
    looks = [("b", "", "304 Not Modified"), ("a", "no", "404 Not Found")]
    captures = [newsroom.capture(("b", "Title|Words."))]
    for path, body, status in looks if last == "gone" else reversed(looks):
        revisits = known if path == "b" else None
        captures.append(newsroom.capture((path, body), status=status, revisits=revisits))
    ends = []
    for order in itertools.permutations(captures):
        newsroom.aws.clear_archive()
        for key in order:
            newsroom.archive(extract=canonical).add(key)
        (story,) = newsroom.query().of_all()
        assert ("gone_at" in story) == (last == "gone")
        ends.append([item for item in newsroom.items() if item["SK"] in ("PRESENCE", "CURRENT")])
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("late", [False, True])
def test_story_by_redirecting_url(newsroom: Newsroom, late: bool) -> None:
    """Its page names another one as the canonical."""

    def canonical_elsewhere(page: Page) -> Extraction:
        found = extract(page)
        other = "http://news.example.org/port-opens"
        article = found.article and dataclasses.replace(found.article, id=identifiers.article_id(other), url=other)
        return found._replace(article=article)

    captures = [newsroom.capture(("?p=4711", "Title|Words."))]
    captures.append(newsroom.capture(("?p=4711", "no"), status="404 Not Found"))
    for key in reversed(captures) if late else captures:
        newsroom.archive(extract=canonical_elsewhere).add(key)
    story = newsroom.query().story("http://news.example.org/?p=4711&utm_source=feed")
    assert story
    assert story["url"] == "http://news.example.org/port-opens"
    assert "gone_at" in story


def test_killed_attempt_is_resumed(newsroom: Newsroom) -> None:
    """What an attempt left before its commit is taken up."""
    key = newsroom.capture(("a", "Title|Words."))
    newsroom.archive().add(key)
    where = newsroom.articles_key(key)
    left = newsroom.objects()[where]
    for name in (where, object_keys.parse(key).articles):  # and by a version that gave no names
        newsroom.aws.clear_archive()
        newsroom.aws.s3.put_object(Bucket=newsroom.aws.archive, Key=name, Body=left)
        newsroom.archive(clock=lambda: NOON + timedelta(hours=1)).add(key)
        assert newsroom.objects()[newsroom.articles_key(key)] == left
        newsroom.aws.clear_archive()
        newsroom.aws.s3.put_object(Bucket=newsroom.aws.archive, Key=name, Body=left)
        newsroom.archive(extract=shout).add(key)
        (only,) = (name for name in newsroom.objects() if name.startswith("articles/"))
        assert b"WORDS" in gzip.decompress(newsroom.objects()[only])


def shout(page: Page) -> Extraction:
    """Another version of the extractor."""
    article = extract(page).article
    assert article
    words = article.text.upper()
    return Extraction(Outcome.ARCHIVED, dataclasses.replace(article, text=words, digest=content_digest("", words)))


def test_damage_costs_its_pages(newsroom: Newsroom) -> None:
    """A damaged capture costs only what is damaged."""
    key = newsroom.capture(("a", "Title|Words."), ("b", "Other|Words."))
    data = newsroom.aws.s3.get_object(Bucket=newsroom.aws.captures, Key=key)["Body"].read()
    *_, last = capture.read(io.BytesIO(data))
    torn = data[: last.offset + 60] + b"\0" * 60 + data[last.offset + 120 :]
    newsroom.aws.s3.put_object(Bucket=newsroom.aws.captures, Key=key, Body=torn)
    outcomes = newsroom.archive().add(key)
    assert [page.outcome.value for page in outcomes] == ["archived", "quarantined"]
    (report,) = [json.loads(body) for name, body in newsroom.objects().items() if name.startswith("quarantine/")]
    assert "damaged" in report["reason"]
    assert report["capture"]["key"] == key


def test_index_item_under_kilobyte(newsroom: Newsroom) -> None:
    """An index item is under a kilobyte."""
    newsroom.archive().add(newsroom.capture(("a" * 150, "ليبيا " * 100 + "dated|Words.")))
    for item in newsroom.items():
        assert dynamodb.size(item) <= 1024


def test_outcomes_object_equals_add(newsroom: Newsroom) -> None:
    """The outcomes object says what add says."""
    key = newsroom.capture(("a", "Title \u2028|Words."), ("b", "front page"))
    assert newsroom.archive().add(key) == read_outcomes(newsroom.objects()[object_keys.parse(key).outcomes])
