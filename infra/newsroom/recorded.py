"""Recorded pages as an outlet: one feed with all of them, and a path for each."""

import gzip
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from infra.newsroom.rendering import render
from infra.newsroom.reply import Reply, document, missing

_TITLE = re.compile(r"<title[^>]*>([^<]+)</title", re.IGNORECASE)
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class RecordedPage(NamedTuple):
    """``body`` is gzip'd UTF-8: 150 MB of pages are 35 MB so, and are sent as they stand."""

    id: str
    path: str
    title: str
    body: bytes


class RecordedSite:
    """The pages of one file of gzip'd JSON lines (``id``, ``url``, ``html``), all in memory.

    A page is at ``/<digest of its id>/<its original path and query>``; the digest alone finds it, so a crawler may
    write the rest in any canonical form. ValueError if two pages have one id.
    """

    def __init__(self, file: Path) -> None:
        self.id = "recorded-" + re.sub(r"[^a-z0-9]+", "-", file.name.lower().removesuffix(".jsonl.gz")).strip("-")
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            pages = [_recorded(json.loads(line)) for line in lines]
        self.pages = {page.path.split("/")[1]: page for page in pages}
        if len(self.pages) < len(pages):
            raise ValueError(f"{file}: two pages have the same id")

    def source(self, base: str) -> dict[str, Any]:
        """Recorded pages come from anywhere, and a source must name a country: Antarctica has no outlets."""
        return {
            "name": f"Recorded pages: {self.id.removeprefix('recorded-')}",
            "home": f"{base}/",
            "country": "aq",
            "languages": ["mul"],
            "timezone": "UTC",
            "feeds": [f"{base}/feed.xml"],
            "every": 1,
            "delay": 0,
            "opt_outs": "record",  # opt-outs were checked at the recording
        }

    def urls(self, base: str) -> dict[str, str]:
        """The URL of each page, by its id."""
        return {page.id: base + page.path for page in self.pages.values()}

    def reply(self, target: str, base: str, edition: int) -> Reply:  # noqa: ARG002 - recordings have no editions
        if target == "/robots.txt":
            return document("User-agent: *\nDisallow:\n", content_type="text/plain; charset=utf-8")
        if target == "/feed.xml":
            items = [(page.title, page.path) for page in self.pages.values()]
            feed = render("plain-feed.xml", base=base, name=self.id, items=items)
            return document(feed, content_type="application/rss+xml; charset=utf-8")
        found = self.pages.get(target.split("/")[1])
        return Reply(body=found.body, gzipped=True) if found else missing()


def _recorded(line: dict[str, Any]) -> RecordedPage:
    """Return a page from a line of the file; lone surrogates, impossible in UTF-8, become question marks."""
    original = urlsplit(line["url"])
    token = hashlib.sha256(line["id"].encode()).hexdigest()[:12]
    path = f"/{token}/{original.path.lstrip('/')}" + (f"?{original.query}" if original.query else "")
    body = gzip.compress(line["html"].encode("utf-8", "replace"), 1, mtime=0)
    return RecordedPage(line["id"], quote(path, safe="/?&=%+:;,@~"), _title(line["html"]) or line["id"], body)


def _title(markup: str) -> str:
    match = _TITLE.search(markup)
    return _NOT_XML.sub("", html.unescape(" ".join(match[1].split()))) if match else ""
