"""Hostile outlets: each page, feed and sitemap attacks the crawler in one way, among good ones that must not suffer.

``CASES`` (in ``cases``) are their contents with the outcomes to be recorded. Attacks by a whole host, such as by
robots.txt, have an outlet of their own. Serve them with ``serve(..., hostile=True)`` or ``--hostile``.
"""

from collections.abc import Sequence
from typing import Any

from infra.newsroom import cases
from infra.newsroom.cases import Case
from infra.newsroom.rendering import render
from infra.newsroom.reply import Reply, document, missing


class HostileSite:
    """One host: its stories, listed in ``/feed.xml``, its further feeds and sitemaps, and its robots.txt.

    ``shut`` is the reason for an unreachable feed.
    """

    def __init__(
        self,
        id: str,
        stories: Sequence[Case] = (),
        ways: Sequence[Case] = (),
        robots: Case | None = None,
        shut: str = "",
    ) -> None:
        self.id = id
        self.stories = stories
        self.ways = ways
        self.shut = shut
        self._replies = {case.path: case.reply for case in (*stories, *ways, *([robots] if robots else []))}

    def source(self, base: str) -> dict[str, Any]:
        ways = [base + case.path for case in self.ways]
        return {
            "name": f"The {self.id.removeprefix('sample-').title()} Herald",
            "home": f"{base}/",
            "country": "aq",
            "languages": ["en", "ar"],
            "timezone": "UTC",
            "feeds": [f"{base}/feed.xml", *(way for way in ways if "/feed/" in way)],
            "sitemaps": [way for way in ways if "/sitemap/" in way],
            "every": 1,
            "delay": 0,
        }

    def reply(self, target: str, base: str, edition: int) -> Reply:  # noqa: ARG002 - it has no editions
        if target == "/feed.xml":
            items = [(case.path, case.path) for case in self.stories]
            feed = render("plain-feed.xml", base=base, name=self.id, items=items)
            return document(feed, content_type="application/rss+xml; charset=utf-8")
        if target.startswith((cases.STAIRS, cases.STAIRWELL)):
            return cases.stairs(target, base)
        make = self._replies.get(target)
        return make(base) if make else missing()


def sites() -> list[HostileSite]:
    """The hostile outlets."""
    return [
        HostileSite("sample-hostile", cases.STORIES, cases.WAYS, cases.ROBOTS),
        HostileSite("sample-hostile-broken", robots=cases.BROKEN_ROBOTS, shut="robots-unreachable"),
        HostileSite("sample-hostile-looping", cases.GOOD_STORIES, robots=cases.LOOPING_ROBOTS),
        HostileSite("sample-hostile-long", cases.LONG_STORIES, robots=cases.LONG_ROBOTS),
        HostileSite("sample-hostile-pause", cases.PAUSE_STORIES),
        HostileSite("sample-hostile-storm", cases.STORM_STORIES),
    ]
