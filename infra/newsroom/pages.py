"""All pages and feeds of an outlet in one edition, rendered from its stories and templates."""

import functools
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from infra.newsroom.outlet import Outlet
from infra.newsroom.rendering import render
from infra.newsroom.reply import HTML, Reply, document, missing, moved
from infra.newsroom.stories import Story

TEXT = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An entry of a feed; ``story`` is None for a false story, such as a section front."""

    title: str
    url: str
    date: datetime
    story: Story | None = None


class OutletSite:
    """An invented outlet as a server has it."""

    def __init__(self, outlet: Outlet) -> None:
        self.id = outlet.id
        self.outlet = outlet

    def source(self, base: str) -> dict[str, Any]:
        return self.outlet.source(base)

    def reply(self, target: str, base: str, edition: int) -> Reply:
        """Return the reply to a path; unknown query parameters are ignored, as by most outlets."""
        pages = build(self.outlet, base, edition)
        path = unquote(target)
        return pages.get(path) or pages.get(path.partition("?")[0]) or missing()


@functools.cache
def build(outlet: Outlet, base: str, edition: int) -> dict[str, Reply]:
    """Each reply by its path and query, not percent-encoded."""
    every = outlet.stories(base, edition)
    live = [story for story in every if story.status == 200]
    changed = max(story.updated_at for story in every)
    show = functools.partial(_document, last_modified=changed, outlet=outlet, base=base)
    listed = _listed(outlet, base, every)
    found = {
        "/robots.txt": show(f"{outlet.id}/robots.txt", TEXT),
        outlet.feed_path: show(f"{outlet.id}/feed.xml", outlet.feed_type, items=listed, updated=changed),
        "/sitemap.xml": show("sitemap-index.xml", XML, updated=changed),
        "/sitemap-stories.xml": show("sitemap.xml", XML, stories=live),
        "/sitemap-news.xml": show("sitemap-news.xml", XML, stories=live[: outlet.feed_items]),
    }
    for title, path in {outlet.name: "/", **outlet.sections}.items():
        stories = live if path == "/" else [story for story in live if story.section == title]
        for number, address, context in _fronts(outlet, path, stories):
            found[address] = show(f"{outlet.id}/front.html", title=title, number=number, **context)
    for story in every:
        found[story.path] = _article(outlet, base, story, live)
        if story.moved_from:
            found[story.moved_from] = moved(story.url)
    return found


def _document(template: str, content_type: str = HTML, /, *, last_modified: datetime, **context: Any) -> Reply:
    return document(render(template, **context), content_type=content_type, last_modified=last_modified)


def _article(outlet: Outlet, base: str, story: Story, live: Sequence[Story]) -> Reply:
    if story.status != 200:
        return missing(story.status)
    others = [other for other in live if other is not story and other.language == story.language]
    related = sorted(others, key=lambda other: other.section != story.section)[:3]
    text = render(f"{outlet.id}/article.html", outlet=outlet, base=base, story=story, related=related)
    reply = replace(document(text, last_modified=story.updated_at), chunked=story.chunked)
    return replace(reply, body=gzip.compress(reply.body, mtime=0), gzipped=True) if story.gzipped else reply


def _listed(outlet: Outlet, base: str, stories: Sequence[Story]) -> list[FeedItem]:
    """The feed: gone stories stay in it, as they do in real ones, until the outlet takes them out."""
    items = [
        FeedItem(story.title, base + quote(story.moved_from or story.path, safe="/?=&"), story.updated_at, story)
        for story in stories[: outlet.feed_items]
        if story.listed
    ]
    fronts = [FeedItem(label, base + outlet.sections[label], items[0].date) for label in outlet.feed_fronts]
    return items + fronts


def _fronts(outlet: Outlet, path: str, stories: Sequence[Story]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the pages of a section's front: their number, path and contents."""
    starts = range(0, len(stories), outlet.page_size) or range(1)
    addresses = [path + (outlet.next_page.format(number=n) if n > 1 else "") for n in range(1, len(starts) + 1)]
    for start, address in zip(starts, addresses, strict=True):
        number = addresses.index(address) + 1
        shown = stories[start : start + outlet.page_size]
        yield number, address, {"stories": shown, "older": addresses[number : number + 1]}
