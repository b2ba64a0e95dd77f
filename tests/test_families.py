"""The families together, on the sample newsroom: every story is found, whichever way leads to it, and fetched once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from infra.newsroom import Newsroom, serve
from spiders import registry
from spiders.registry import Source
from tests.outlet import Shelf, crawl

OUTLETS = ("sample-courrier", "sample-difaf", "sample-gazette")
WAYS = ("feeds", "sitemaps", "listings")


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    with serve(tmp_path) as running:
        hosts = [urlsplit(url).netloc for url in running.urls.values()]
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", ",".join(hosts))
        yield running


def source(newsroom: Newsroom, id: str, *ways: str) -> Source:
    """An outlet with only some of the ways in."""
    found = registry.load(newsroom.sources)[id]
    without: dict[str, Any] = {way: () for way in WAYS if way not in ways}
    return replace(found, **without)


def live(newsroom: Newsroom, id: str) -> set[str]:
    """The stories that are there to be had, and that robots.txt allows."""
    private = ("/print/", "/abonnes/")
    return {
        path(story.url)
        for story in newsroom.stories(id).values()
        if story.status == 200 and not story.path.startswith(private)
    }


def path(url: str) -> str:
    return unquote(urlsplit(url).path)


def asked(newsroom: Newsroom, id: str) -> Counter[str]:
    return Counter(request["path"] for request in newsroom.requests() if request["outlet"] == id)


@pytest.mark.parametrize("id", OUTLETS)
@pytest.mark.parametrize("ways", [WAYS, ("sitemaps",), ("listings",)], ids="+".join)
def test_every_story_is_captured_and_every_url_asked_once(newsroom: Newsroom, id: str, ways: tuple[str, ...]) -> None:
    report = crawl(source(newsroom, id, *ways), shelf := Shelf())
    assert live(newsroom, id) <= {path(page.url) for page in shelf.pages}
    assert max(asked(newsroom, id).values()) == 1
    assert [visit.error for visit in report.feeds if visit.error] == []
    assert set(report.reasons()) <= {"robots"}
