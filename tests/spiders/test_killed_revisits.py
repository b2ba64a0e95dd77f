"""Killed and doubled crawls with revisits: the same state in the end, and no page captured twice."""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from dateline.capture import Capture, read
from dateline.keys import object_keys
from dateline.state.crawl_state import CrawlState
from tests.conftest import Aws
from tests.spiders.test_revisits import KilledError, crawl, due, honest, outlet_of, past
from tests.state.test_due_times import at_once
from tests.support.outlet import Outlet, answer, item, rss

CALLS = 21  # to S3 and DynamoDB, of a crawl with two looks, a new page and a failure


def states(aws: Aws, outlet: Outlet) -> dict[str, Any]:
    """What is known of pages, and which are due, without the times of this run."""
    known = CrawlState(aws.deployment).urls(f"{outlet.url}/{name}" for name in "abcd")
    facts = {url.rsplit("/", 1)[1]: (each.digest, each.status, each.failures) for url, each in known.items()}
    return facts | {"due": [name for name, _ in due(aws)]}


def stored(aws: Aws) -> list[Capture]:
    """All captured pages."""
    found = aws.s3.list_objects_v2(Bucket=aws.captures, Prefix=object_keys.CAPTURES)["Contents"]
    bodies = [aws.s3.get_object(Bucket=aws.captures, Key=each["Key"])["Body"].read() for each in found]
    return [page for body in bodies for page in read(io.BytesIO(body))]


def looks(aws: Aws, outlet: Outlet) -> None:
    """Have the next crawl find a new page, one that fails, one that has changed, and one that says it has not."""
    crawl(aws, outlet.source(), "first")
    past(aws, f"{outlet.url}/a", f"{outlet.url}/b")
    outlet.routes |= {"/feed": answer(rss(item("/a"), item("/b"), item("/c"), item("/d")))}
    outlet.routes |= {"/b": answer("<h1>B, corrected"), "/c": answer("<h1>C"), "/d": answer(status=500)}


@pytest.mark.parametrize("call", range(CALLS + 1))
def test_crawl_killed_anywhere(aws: Aws, call: int) -> None:
    """Killed before any of its calls, a crawl comes to the same state in its next delivery, and asks no page again."""
    with outlet_of(("/a", honest("<h1>A")), ("/b", answer("<h1>B"))) as outlet:
        looks(aws, outlet)
        left, killed = iter(range(call)), list[str]()

        def kill(*_: Any, model: Any, **__: Any) -> None:
            if next(left, None) is None:
                killed.append(model.name)
                raise KilledError

        aws.on_call("before-call", kill)
        with suppress(KilledError):
            crawl(aws, outlet.source(), "second")
        aws.off_call("before-call", kill)
        assert bool(killed) is (call < CALLS)
        captured = {page.url for page in stored(aws) if page.metadata["crawl"].endswith("second")}
        outlet.requests.clear()
        crawl(aws, outlet.source(), "second")
        asked = {path for path in outlet.paths() if path not in ("/feed", "/d")}
        found = states(aws, outlet)
        pages = Counter((page.url, page.metadata["crawl"]) for page in stored(aws))
    assert {*pages.values()} == {1}, "no page twice in a crawl"
    assert not asked & {url.removeprefix(outlet.url) for url in captured}
    assert {name: fact[1:] for name, fact in found.items() if name != "due"} == dict.fromkeys("abc", (200, 0)) | {
        "d": (0, 1)
    }
    assert found["due"] == [*"abcd"]


def test_duplicate_deliveries_at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two functions with the same message come to the state of one; the pages that both captured are due once."""
    at_once(aws, monkeypatch)
    with outlet_of(("/a", honest("<h1>A")), ("/b", answer("<h1>B"))) as outlet:
        looks(aws, outlet)
        with ThreadPoolExecutor(2) as threads:
            reports = list(threads.map(lambda _: crawl(aws, outlet.source(), "second"), range(2)))
        found = states(aws, outlet)
    assert reports[0] == reports[1]
    assert found.pop("due") == [*"abcd"]
    assert {name: fact[1:] for name, fact in found.items()} == dict.fromkeys("abc", (200, 0)) | {"d": (0, 1)}
