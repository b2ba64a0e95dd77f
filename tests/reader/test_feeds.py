"""Feeds, read by feedparser and as JSON."""

from typing import Any

import feedparser
import pytest

from tests.reader.library import HOSTILE, STORIES, Room

LISTS: dict[str, dict[str, Any]] = {"/search": {"q": "dated"}, "/stories": {}, "/changes": {}}


@pytest.mark.parametrize("route", LISTS)
@pytest.mark.parametrize("form", ["atom", "rss"])
def test_feedparser_reads_every_list(room: Room, route: str, form: str) -> None:
    """Each list is a well-formed feed, with a page in the room and a name for each entry."""
    reply = room.get(route, format=form, **LISTS[route])
    feed = feedparser.parse(reply.body)
    assert not feed.bozo
    assert feed.version == {"atom": "atom10", "rss": "rss20"}[form]
    assert len(feed.entries) == (1 if route == "/changes" else len(STORIES))
    for entry in feed.entries:
        assert entry.link.startswith("https://reader.example/stories/")
        assert entry.id.startswith("urn:dateline:")
        assert entry.get("published_parsed")
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)


@pytest.mark.parametrize("route", LISTS)
def test_json_feed_has_the_same(room: Room, route: str) -> None:
    """A JSON Feed 1.1 has the entries with their outlets' addresses."""
    feed = room.get(route, format="jsonfeed", **LISTS[route]).json
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert {"id", "url", "external_url", "title", "content_text", "date_published"} <= set(feed["items"][0])
    assert feed["feed_url"].startswith(f"https://reader.example{route}?")


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_hostile_title_is_text(room: Room, form: str) -> None:
    """A title with markup is the same text to a reader of the feed, and no element of it."""
    reply = room.get("/stories", format=form)
    assert b"<script" not in reply.body
    titles = [entry.title for entry in feedparser.parse(reply.body, sanitize_html=False).entries]
    assert HOSTILE in titles
    assert STORIES["ar"].partition("|")[0] in titles


@pytest.mark.parametrize(("accept", "media"), [("application/atom+xml", "atom"), ("application/rss+xml", "rss")])
def test_feed_by_accept(room: Room, accept: str, media: str) -> None:
    """A feed reader that asks for its form gets it at the list's own address."""
    assert media in room.get("/stories", accept=accept).media
