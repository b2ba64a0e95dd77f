"""The order of the middlewares, and the state of a request on its way through them."""

import ast
import sys
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from spiders.download import meta
from spiders.download.meta import Meta
from spiders.download.wire import WireError
from spiders.middlewares import order
from spiders.spider import spider_class
from tests.conftest import ROOT
from tests.support.imports import GAZETTE

SOURCES = sorted(path for path in (ROOT / "spiders").rglob("*.py") if path.name != "meta.py")


def position(name: str) -> int:
    [found] = [place for place, path in enumerate(order.DOWNLOADER) if path.endswith(f".{name}")]
    return found


def test_scrapy_keeps_the_order() -> None:
    """Scrapy builds the stated middlewares in the stated order, and none of its own."""
    settings = get_project_settings()
    settings.set("TWISTED_REACTOR_ENABLED", "twisted.internet.reactor" in sys.modules)  # by another test
    crawler = Crawler(spider_class(GAZETTE), settings)
    crawler._apply_settings()
    built = DownloaderMiddlewareManager.from_crawler(crawler).middlewares
    assert [type(each) for each in built] == [load_object(name) for name in order.DOWNLOADER]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("ReachedMiddleware", "RobotsMiddleware"),  # no robots.txt is fetched for a captured page
        ("OptOutMiddleware", "RedirectMiddleware"),  # opt-outs are of the page at the end of the redirects
        ("RobotsMiddleware", "ThrottleMiddleware"),  # Crawl-delay counts for the request it was read for
        ("RetryMiddleware", "RedirectMiddleware"),
        ("RedirectMiddleware", "ThrottleMiddleware"),
    ],
)
def test_order_has_its_reasons(earlier: str, later: str) -> None:
    assert position(earlier) < position(later)


def test_redirects_carry_the_state() -> None:
    """The next request of a chain has the seconds, cookies and steps of the one before."""
    request = Request("https://example.org/a")
    meta.put(request, Meta(seconds_left=3.0, steps=(meta.Step("https://example.org/a"),)))
    assert meta.of(request.replace(url="https://example.org/b")) == meta.of(request)


def test_state_before_the_throttle() -> None:
    """A request without a pace or an exchange is an error with the cause, not an empty value."""
    request = Request("https://example.org/a")
    assert meta.of(request) == Meta()
    with pytest.raises(RuntimeError, match="not throttled"):
        meta.pace(request)
    with pytest.raises(WireError, match="not kept"):
        meta.wire(request)
    with pytest.raises(WireError, match="without its request"):
        meta.request_of(Response("https://example.org/a"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_meta_has_one_user(path: Path) -> None:
    """Only ``meta`` and the browser's handler, whose keys are scrapy-playwright's, read or write a request's meta."""
    found = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if _is_meta(node)]
    assert len(found) == (3 if path.name == "render.py" else 0)


def _is_meta(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "meta") or (
        isinstance(node, ast.keyword) and node.arg == "meta"
    )
