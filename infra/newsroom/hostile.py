"""A hostile outlet: each page of its feed ill-treats the crawler in one way, among good pages that must not suffer.

A case is a line of ``CASES``: a path, what is served there, and the outcome that must be recorded for it: a failure's
reason in the crawl's report, or the outcome of extraction. ``address`` is the refusal of a private address.
Not among the default outlets: ``serve(..., hostile=True)``, or ``--hostile``.
"""

import functools
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from infra.newsroom.rendering import render
from infra.newsroom.reply import Reply, document, missing, moved

STORY = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="{charset}"><title>{title}</title></head>
<body><article><h1>{title}</h1><p>{text}</p><p>{text}</p><p>{text}</p></article></body></html>
"""
TEXT = {
    "en": "The pump at the old well was mended on Tuesday, and the queue for water in the lower town was gone by noon.",
    "ar": "أُصلحت مضخة البئر القديمة يوم الثلاثاء، واختفى طابور الماء في البلدة السفلى قبل الظهر، كما قال رئيس البلدية.",
}


class Case(NamedTuple):
    path: str
    reply: Callable[[str], Reply]
    """Makes the reply; takes the outlet's address."""
    outcome: str


def story(language: str = "en", charset: str = "utf-8", declared: str | None = None, **changes: Any) -> Reply:
    """An article in this charset, which the header and the page may call by another name."""
    declared = declared or charset
    page = STORY.format(language=language, charset=declared, title=TEXT[language][:40], text=TEXT[language])
    return Reply(body=page.encode(charset), content_type=f"text/html; charset={declared}", **changes)


def says(text: str) -> Reply:
    """A page with status 200 that is no article."""
    return document(f"<!DOCTYPE html><title>{text}</title><h1>{text}</h1>")


def endless() -> Iterator[bytes]:
    while True:
        yield b"<p>and so on</p>" * 4096


def slow() -> Iterator[bytes]:
    """A byte a second, so that no read ever times out."""
    for byte in STORY.encode():
        yield bytes([byte])
        time.sleep(1)


@functools.cache
def gzip_bomb(megabytes: int = 512) -> bytes:
    """So many megabytes of zeros, gzip'd to a thousandth."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


CASES = (
    Case("/good/1", lambda _: story(), "archived"),
    Case("/redirect/metadata", lambda _: moved("http://169.254.169.254/latest/meta-data/"), "address"),
    Case("/redirect/loopback", lambda _: moved("http://127.0.0.1:9/"), "address"),
    Case("/redirect/mapped", lambda _: moved("http://[::ffff:127.0.0.1]:9/"), "address"),
    Case("/redirect/number", lambda _: moved("http://2130706433:9/"), "address"),
    Case("/redirect/file", lambda _: moved("file:///etc/passwd"), "http-301"),
    Case("/redirect/itself", lambda base: moved(f"{base}/redirect/itself"), "redirect-loop"),
    Case("/body/endless", lambda _: Reply(stream=endless), "too-large"),
    Case("/body/slow", lambda _: Reply(stream=slow), "timeout"),
    Case("/body/short", lambda _: Reply(stream=lambda: [b"half"], headers={"Content-Length": "4000"}), "incomplete"),
    Case("/body/bomb", lambda _: Reply(body=gzip_bomb(), gzipped=True), "quarantined"),
    Case("/header/huge", lambda _: story(headers={"X-Padding": "x" * (10 << 20)}), "connection"),
    Case("/charset/utf-16", lambda _: story("ar", "utf-16"), "archived"),
    Case("/charset/wrong", lambda _: story("ar", "windows-1256", "iso-8859-1"), "archived"),
    Case("/page/not-found", lambda _: says("Page not found"), "not_article"),
    Case("/page/cookies", lambda _: says("We value your privacy. Accept all cookies to go on."), "not_article"),
    Case("/status/429", lambda _: Reply(status=429, headers={"Retry-After": "3600"}), "http-429"),
    Case("/status/503", lambda _: Reply(status=503), "http-503"),
    Case("/good/2", lambda _: story("ar"), "archived"),
)


class HostileSite:
    """The cases as an outlet."""

    id = "sample-hostile"

    def __init__(self) -> None:
        self._replies = {case.path: case.reply for case in CASES}

    def source(self, base: str) -> dict[str, Any]:
        return {
            "name": "The Hostile Herald",
            "home": f"{base}/",
            "country": "aq",
            "languages": ["en", "ar"],
            "timezone": "UTC",
            "feeds": [f"{base}/feed.xml"],
            "every": 1,
            "delay": 0,
        }

    def reply(self, target: str, base: str, edition: int) -> Reply:  # noqa: ARG002 - it has no editions
        if target == "/feed.xml":
            items = [(case.path, case.path) for case in CASES]
            feed = render("plain-feed.xml", base=base, name=self.id, items=items)
            return document(feed, content_type="application/rss+xml; charset=utf-8")
        make = self._replies.get(target)
        return make(base) if make else missing()
