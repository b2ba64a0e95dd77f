"""Recorded pages: responses of outlets kept for tests, with the article to be extracted.

A recorded page is a folder, ``tests/sources/<cc>/<source>/<name>/``::

    page.html      the body in its original charset, without content encodings, for reading and comparing
    page.json      its URL, capture time, content type, and the crawl's knowledge of outlet and story
    article.json   the extracted article: written by the first test run, to be reviewed by you
"""

import json
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dateline.capture import Capture
from dateline.keys import crawl_names
from dateline.page import Page
from dateline.sources.registry import Source
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.runs import runner
from spiders.runs.manual import NoState
from spiders.state.frontier import Frontier
from spiders.state.stores import FolderStore

SECONDS = 120.0  # for robots.txt and one page, at the outlet's delay

_BODY, _KNOWN = "page.html", "page.json"


class NotFetchedError(Exception):
    """The page could not be had; the message says why, in the words of a crawl's report."""


def fetch(source: Source, url: str) -> Capture:
    """One page of a source, asked for with a crawl's manners."""
    crawl = crawl_names.crawl_name(datetime.now(UTC), "record")
    frontier = Frontier(pages=(DiscoveredUrl(url=url, kind="record", seed=""),))
    with TemporaryDirectory() as folder:
        store = FolderStore(Path(folder), source=source.id, crawl=crawl)
        collector = Collector(source, crawl, store=store, state=NoState(), frontier=frontier)
        crawling = runner.crawl(collector, stop_at=time.monotonic() + SECONDS, RETRY_ENABLED=False)
        report = runner.on_reactor(crawling).result()
        for _, captures in store.stored():
            return captures[0]
    failure = next(iter(report.failures), None)
    raise NotFetchedError(f"{failure.reason}: {failure.detail}" if failure else f"no answer in {SECONDS:g} seconds")


def write(folder: Path, page: Page) -> None:
    """Save a page in a new folder. Raises FileExistsError for an existing one."""
    folder.mkdir(parents=True)
    known = {f.name: _plain(getattr(page, f.name)) for f in fields(page) if f.name not in ("body", "source")}
    (folder / _BODY).write_bytes(page.body)
    (folder / _KNOWN).write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(folder: Path) -> Page:
    """Return the page of a folder, with the source of the parent folder's name."""
    known: dict[str, Any] = json.loads((folder / _KNOWN).read_text("utf-8"))
    times = {name: datetime.fromisoformat(known[name]) for name in ("captured_at", "feed_date") if known[name]}
    typed = {"languages": tuple(known["languages"]), "source": folder.parent.name, **times}
    return Page(**known | typed, body=(folder / _BODY).read_bytes())


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
