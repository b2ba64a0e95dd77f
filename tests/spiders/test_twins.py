"""An outlet that moves to https, or back, lists known stories under new addresses: they are not fetched as new ones."""

from typing import Any

import pytest

from dateline.state.records import UrlState
from dateline.urls import canonical, twin
from tests.support.outlet import Outlet, Shelf, answer, crawl, item, rss

PAGES = {f"/{number}": answer(f"<h1>Story {number}") for number in range(3)}


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"captured_at": "2026-10-20T06:00:00Z", "status": 200}, 1),
        ({"captured_at": "2026-10-20T06:00:00Z", "status": 410}, 1),
        ({"withdrawn_at": "2026-10-20T06:00:00Z", "captured_at": "2026-10-20T06:00:00Z"}, 1),
        ({"failures": 2, "failure": "http-404", "due": "2036-10-20T06:00:00Z"}, 0),
    ],
)
def test_captured_twin_is_known(changes: dict[str, Any], known: int) -> None:
    """A story captured under the other scheme is known; one that only failed there is fetched."""
    with Outlet({"/feed": answer(rss(*map(item, PAGES))), **PAGES}) as outlet:
        url = twin(canonical(f"{outlet.url}/1"))
        shelf = Shelf(known={url: UrlState(url=url, source="sample-gazette", **changes)})
        report = crawl(outlet.source(), shelf)
    assert (report.discovered, report.known, report.captured) == (3, known, 3 - known)


@pytest.mark.parametrize(
    "url", ["https://news.example/a?b=http://c", "http://news.example:8080/", "https://a.example/"]
)
def test_twin_is_mutual(url: str) -> None:
    """Each canonical URL is the twin of its twin, which is canonical too."""
    assert twin(twin(url)) == url
    assert canonical(twin(url)) == twin(url) or canonical(url) != url
