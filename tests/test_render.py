"""Pages that need a browser: what is read is what their scripts made, and what is kept is also what the server sent."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from dateline.capture import Exchange
from dateline.messages import CrawlReport
from spiders import browser
from spiders.registry import Source
from tests.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

needs_browser = pytest.mark.skipif(
    not (find_spec("scrapy_playwright") and shutil.which("chromium")),
    reason="needs a browser: pip install '.[render]' and apt-get install chromium",
)

SHELL = '<!doctype html><title>Gazette</title><div id="app"></div><script src="/app.js"></script>'
SCRIPT = """fetch("/api/story").then(answer => answer.json()).then(story => {
    document.getElementById("app").innerHTML = `<h1>${story.title}</h1><p>${story.text}</p>`;
});"""
STORY = '{"title": "Rain over Tobruk", "text": "The harbour reopened at dawn, \\u0641\\u062c\\u0631\\u0627."}'
READY = {
    "/app.js": answer(SCRIPT, Content_Type="text/javascript"),
    "/api/story": answer(STORY, Content_Type="application/json"),
}


def visit(page: Answer, routes: dict[str, Any] | None = None, **changes: Any) -> tuple[CrawlReport, Shelf, Outlet]:
    """Crawl an outlet whose pages are rendered, and whose feed lists one."""
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": page, **READY, **(routes or {})}) as outlet:
        report = crawl(outlet.source(**({"render": True} | changes)), shelf := Shelf())
    return report, shelf, outlet


@needs_browser
def test_a_page_is_captured_as_received_and_as_its_scripts_made_it() -> None:
    report, shelf, outlet = visit(answer(SHELL))
    (page,) = shelf.pages
    assert report.failures == []
    assert page.response.partition(b"\r\n\r\n")[2] == SHELL.encode()
    assert "<h1>Rain over Tobruk</h1><p>The harbour reopened at dawn, فجرا.</p>" in (page.rendered or b"").decode()
    assert page.metadata["rendered"]["browser"].startswith("chromium/")
    assert outlet.paths() == ["/feed", "/a", "/app.js", "/api/story"]
