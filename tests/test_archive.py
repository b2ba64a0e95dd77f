"""Archiving: each page one outcome, each story one revision for each change of its words, whatever dies on the way."""

import dataclasses
import gzip
import io
import itertools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dateline import capture, keys
from dateline.archive import Archive, read_articles, read_outcomes
from dateline.article import Article, Extraction, Outcome, content_digest
from dateline.capture import Exchange
from dateline.index import Index
from dateline.page import Page
from dateline.query import Query
from dateline.urls import canonical

NOON = datetime(2019, 4, 17, 12, tzinfo=UTC)


def extract(page: Page) -> Extraction:
    """A stand-in that reads a page of "title|text": the real extraction has tests of its own."""
    if page.status == 404:
        return Extraction(Outcome.GONE, reason="the server answered 404")
    title, _, text = page.body.decode().partition("|")
    if not text:
        return Extraction(Outcome.NOT_ARTICLE, reason="no text")
    return Extraction(
        Outcome.ARCHIVED,
        Article(
            id=keys.article_id(canonical(page.url)),
            url=page.url,
            title=title,
            text=text,
            digest=content_digest(title, text),
            source=page.source,
            outlet_country=page.country,
            published_at="2019-04-16T09:30:00+02:00" if "dated" in title else None,
        ),
    )


class Newsroom:
    """Puts captures of sample pages into the bucket, as crawls an hour apart would."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.index = Index(aws.table)
        self.hours = itertools.count()

    def archive(self, **changes: Any) -> Archive:
        arguments = {
            "s3": self.aws.s3,
            "index": self.index,
            "capture_bucket": self.aws.captures,
            "archive_bucket": self.aws.archive,
            "extract": extract,
            "clock": lambda: NOON,
        }
        return Archive(**arguments | changes)

    def capture(self, *pages: tuple[str, str], status: str = "200 OK") -> str:
        at = NOON + timedelta(hours=next(self.hours))
        stem = keys.Stem("sample", keys.crawl_name(at, "test"), 0)
        known = {"source": "sample", "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"}
        exchanges = [
            Exchange(
                url=f"http://news.example.org/{path}",
                captured_at=at + timedelta(seconds=number),
                request=b"GET / HTTP/1.1\r\n\r\n",
                response=f"HTTP/1.1 {status}\r\n\r\n{body}".encode(),
                metadata=known,
            )
            for number, (path, body) in enumerate(pages)
        ]
        self.aws.s3.put_object(
            Bucket=self.aws.captures, Key=stem.capture, Body=capture.serialise(exchanges, stem.capture)
        )
        return stem.capture

    def items(self) -> list[dict[str, Any]]:
        return sorted(self.aws.table.scan()["Items"], key=lambda item: (item["PK"], item["SK"]))

    def objects(self) -> dict[str, bytes]:
        listed = self.aws.s3.list_objects_v2(Bucket=self.aws.archive).get("Contents", [])
        return {o["Key"]: self.aws.s3.get_object(Bucket=self.aws.archive, Key=o["Key"])["Body"].read() for o in listed}


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def test_each_page_has_one_outcome_and_each_story_its_place(newsroom: Newsroom) -> None:
    key = newsroom.capture(("a", "A dated story|Words."), ("b", "front page"), ("c", "Another|Words too."))
    outcomes = newsroom.archive().add(key)
    assert [page.outcome.value for page in outcomes] == ["archived", "not_article", "archived"]
    stored = newsroom.objects()[keys.parse(key).articles]
    assert [json.loads(line)["title"] for line in gzip.decompress(stored).splitlines()] == ["A dated story", "Another"]
    for each in read_articles(stored):
        member = stored[each.offset : each.offset + each.length]
        assert Article.from_dict(json.loads(gzip.decompress(member))) == each.article
    dated, undated = (newsroom.index.current([page.id])[page.id] for page in (outcomes[0], outcomes[2]))
    assert dated["source_month"] == "sample#2019-04"
    assert dated["published_key"] == f"2019-04-16T07:30:00Z#{dated['id']}"
    assert undated["published_key"] == f"2019-04-17T12:00:02.000Z#{undated['id']}"
    assert "published_at" not in undated
    counters = newsroom.aws.table.get_item(Key=keys.day("sample", "2019-04-17"))["Item"]
    assert (counters["archived"], counters["not_article"]) == (2, 1)


def test_only_other_words_make_a_revision(newsroom: Newsroom) -> None:
    crawls = ["Title|First words.", "Title|First  words.\n", "New title|First words.", "Title|First words."]
    found = [newsroom.archive().add(newsroom.capture(("a", page)))[0] for page in crawls]
    assert [page.outcome.value for page in found] == ["archived", "unchanged", "archived", "archived"]
    assert [page.revision for page in found] == [1, None, 2, 3]
    current = newsroom.index.current([found[0].id])[found[0].id]
    assert (current["revision"], current["first_seen_at"]) == (3, "2019-04-17T12:00:00.000Z")


def test_the_newest_capture_is_current_in_whatever_order_they_come(newsroom: Newsroom) -> None:
    captures = [newsroom.capture(("a", f"Title {n}|Words.")) for n in range(3)]
    for key in reversed(captures):
        (page,) = newsroom.archive().add(key)
    assert newsroom.index.current([page.id])[page.id]["title"] == "Title 2"


def test_a_page_twice_in_one_capture_is_a_duplicate(newsroom: Newsroom) -> None:
    key = newsroom.capture(("a?utm_source=feed", "Title|Words."), ("a", "Title|Words."))
    assert [page.outcome.value for page in newsroom.archive().add(key)] == ["archived", "duplicate"]


def test_a_story_that_goes_is_marked_and_one_that_returns_is_not(newsroom: Newsroom) -> None:
    (page,) = newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    gone = newsroom.archive().add(newsroom.capture(("a", "not here"), status="404 Not Found"))
    assert [each.outcome for each in gone] == [Outcome.GONE]
    assert newsroom.index.current([page.id])[page.id]["gone_at"] == gone[0].captured_at
    newsroom.archive().add(newsroom.capture(("a", "Title|Words.")))
    assert "gone_at" not in newsroom.index.current([page.id])[page.id]


def test_a_message_delivered_twice_changes_nothing(newsroom: Newsroom) -> None:
    key = newsroom.capture(("a", "Title|Words."), ("b", "front page"))
    newsroom.archive().add(key)
    items, objects = newsroom.items(), newsroom.objects()
    assert newsroom.archive(clock=lambda: NOON + timedelta(days=1)).add(key) == []
    assert (newsroom.items(), newsroom.objects()) == (items, objects)


class KilledError(Exception):
    """The function dies here."""


def killer(at: int) -> Callable[..., None]:
    """Dies at the n-th call to AWS that it sees."""
    calls = itertools.count(1)

    def die(**_: Any) -> None:
        if next(calls) == at:
            raise KilledError

    return die


@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_killed_at_any_of_its_calls_it_ends_the_same(newsroom: Newsroom, when: str) -> None:
    """The reference run comes last, so that each attempt starts from the same table with no story in it."""
    key = newsroom.capture(("a", "A dated story|Words."), ("b", "front page"), ("a", "Changed|Words."))
    ends = []
    for call in itertools.count(1):
        die = killer(call)
        newsroom.aws.clear_archive()
        newsroom.aws.on_call(when, die)
        try:
            newsroom.archive().add(key)
            killed = False
        except KilledError:
            killed = True
        newsroom.aws.off_call(when, die)
        newsroom.archive(clock=lambda: NOON).add(key)
        ends.append((newsroom.items(), newsroom.objects()))
        if not killed:
            break
    assert len(ends) > 8
    assert all(end == ends[-1] for end in ends)


def test_what_an_attempt_left_before_its_commit_is_taken_up(newsroom: Newsroom) -> None:
    key = newsroom.capture(("a", "Title|Words."))
    newsroom.archive().add(key)
    left = newsroom.objects()[keys.parse(key).articles]
    newsroom.aws.clear_archive()
    newsroom.aws.s3.put_object(Bucket=newsroom.aws.archive, Key=keys.parse(key).articles, Body=left)
    newsroom.archive(clock=lambda: NOON + timedelta(hours=1)).add(key)
    assert newsroom.objects()[keys.parse(key).articles] == left
    newsroom.aws.clear_archive()
    newsroom.aws.s3.put_object(Bucket=newsroom.aws.archive, Key=keys.parse(key).articles, Body=left)
    newsroom.archive(extract=shout).add(key)
    assert b"WORDS" in gzip.decompress(newsroom.objects()[keys.parse(key).articles])


def shout(page: Page) -> Extraction:
    """Another version of the extractor."""
    article = extract(page).article
    assert article
    words = article.text.upper()
    return Extraction(Outcome.ARCHIVED, dataclasses.replace(article, text=words, digest=content_digest("", words)))


def test_a_damaged_capture_costs_only_what_is_damaged(newsroom: Newsroom) -> None:
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


def test_an_index_item_is_under_a_kilobyte(newsroom: Newsroom) -> None:
    newsroom.archive().add(newsroom.capture(("a" * 150, "ليبيا " * 100 + "dated|Words.")))
    for item in newsroom.items():
        assert sum(len(str(name)) + len(str(value).encode()) for name, value in item.items()) < 1400


def test_the_outcomes_object_says_what_add_says(newsroom: Newsroom) -> None:
    key = newsroom.capture(("a", "Title \u2028|Words."), ("b", "front page"))
    assert newsroom.archive().add(key) == read_outcomes(newsroom.objects()[keys.parse(key).outcomes])


@pytest.fixture
def query(newsroom: Newsroom) -> Query:
    for crawl in range(2):
        pages = [(f"{n}", f"Story {n} of {crawl}{' dated' if n else ''}|Words {n}.") for n in range(3)]
        newsroom.archive(clock=lambda crawl=crawl: NOON + timedelta(days=crawl)).add(newsroom.capture(*pages))
    aws = newsroom.aws
    return Query(aws.table, aws.s3, capture_bucket=aws.captures, archive_bucket=aws.archive)


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


def test_one_story_by_url_its_revisions_words_and_bytes(query: Query) -> None:
    story = query.story("http://news.example.org/1?utm_campaign=x")
    assert story
    first, second = query.revisions(story["id"])
    assert [first["title"], second["title"]] == ["Story 1 of 0 dated", "Story 1 of 1 dated"]
    assert (query.article(first).text, query.raw(first).body) == ("Words 1.", b"Story 1 of 0 dated|Words 1.")
    assert query.story("nothing") is None


def test_everything_since_a_cursor(query: Query) -> None:
    stories = list(query.indexed_since("2019-04-17"))
    assert [story["revision"] for story in stories] == [2, 2, 2]
    assert list(query.indexed_since(stories[0]["indexed_key"])) == stories[1:]
