"""The crawl's state in the table: batches of any size, whatever DynamoDB leaves undone of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from dateline.aws import dynamodb
from dateline.capture import Capture
from dateline.keys import item_keys
from dateline.messages import CrawlReport
from dateline.page import Payload
from dateline.state.crawl_state import CrawlState
from dateline.state.pages import captured, item_hash, url_states
from dateline.state.records import FeedState, Learned, UrlState
from dateline.state.table import learned_items
from tests.conftest import Aws


def states(count: int) -> dict[str, UrlState]:
    urls = [f"https://gazette.example/{number}" for number in range(count)]
    return {
        url: UrlState(
            url=url, source="gazette", captured_at="2026-10-20T06:00:00Z", status=200, item="0123456789abcdef"
        )
        for url in urls
    }


@pytest.mark.parametrize("count", [0, 1, 25, 26, 101, 230])
def test_url_states_round_trip(aws: Aws, count: int) -> None:
    """Url states come back as they were."""
    state, saved = CrawlState(aws.deployment), states(count)
    state.save_urls(saved.values())
    assert state.urls([*saved, "https://gazette.example/unknown"]) == saved


def test_repeated_url_written_once(aws: Aws) -> None:
    """A URL named twice is written and read once."""
    state, (saved,) = CrawlState(aws.deployment), states(1).values()
    state.save_urls([saved, saved])
    assert state.urls([saved.url, saved.url]) == {saved.url: saved}


SLUG = "وزارة-الصحة-تعلن-افتتاح-مستشفى-جديد-في-مدينة-سبها-جنوب-ليبيا"


@pytest.mark.parametrize("slug", ["the-well-of-sebha-is-open-again", quote(SLUG), f"{quote(SLUG)}?page=1"])
def test_items_are_small(aws: Aws, slug: str) -> None:
    """A page's state fits into one write unit, in Arabic too, and comes back as it was."""
    url = f"https://gazette.example/2026/10/20/{slug}"
    metadata = {
        "source": "gazette",
        "family": "feed",
        "requested_url": url,
        "discovered_from": "https://gazette.example/feed",
        "feed_title": SLUG.replace("-", " "),
        "feed_date": "2026-10-20T06:00:00+02:00",
        "feed_date_raw": "Tue, 20 Oct 2026 06:00:00 +0200",
        "first_seen_at": "2026-10-20T06:00:00Z",
    }
    at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    validators = (f'"{"5" * 32}"', "Tue, 20 Oct 2026 04:00:00 GMT")
    payload = Payload(url, at, f"sha256:{'5' * 64}")
    (state,) = captured(url, metadata, captured_at=at, status=200, payload=payload, validators=validators)
    CrawlState(aws.deployment).save_urls([state])
    (item,) = aws.table.scan()["Items"]
    assert dynamodb.size(item) <= 1024
    assert item_keys.url_state(url).items() <= item.items()
    assert CrawlState(aws.deployment).urls([url]) == {url: state}


@pytest.mark.parametrize(
    "changes",
    [
        {"found": {"family": "feed", "requested_url": "https://gazette.example/a?from=rss"}},
        {"payload_url": "https://gazette.example/b", "payload_at": "2026-10-20T06:00:00Z", "digest": "sha256:5"},
        {"found": {"reached_by": "https://gazette.example/c"}},
        {"failures": 2, "failure": "timeout", "due": "2026-10-20T06:00:00Z"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_addresses_are_kept(aws: Aws, changes: dict[str, Any]) -> None:
    """What differs from the page's own address is kept, and when a failing page is due."""
    state = replace(UrlState(url="https://gazette.example/a", source="gazette", status=200), **changes)
    CrawlState(aws.deployment).save_urls([state])
    assert CrawlState(aws.deployment).urls([state.url]) == {state.url: state}


def test_feeds_belong_to_their_source(aws: Aws) -> None:
    state = CrawlState(aws.deployment)
    saved = [
        FeedState(url="https://gazette.example/feed", etag='"7"'),
        FeedState(url="https://gazette.example/ar/feed"),
    ]
    state.restore(
        [], learned_items(CrawlReport(source="gazette", crawl="", started_at="", learned=Learned(feeds=saved))), []
    )
    urls = [feed.url for feed in saved]
    assert state.feeds("gazette", urls) == {feed.url: feed for feed in saved}
    assert state.feeds("courier", urls) == {}


def test_intervals_asked_for_are_instants(aws: Aws) -> None:
    state, at = CrawlState(aws.deployment), datetime(2026, 10, 20, 12, 30, tzinfo=UTC)
    state.save_asked({"gazette": at})
    assert state.asked(["gazette", "courier"]) == {"gazette": at}


def throttle(aws: Aws, monkeypatch: pytest.MonkeyPatch, call: str, times: int) -> list[int]:
    """Have DynamoDB do only the first item of each batch, so many times; the sizes of the batches it was given."""
    client = aws.table.meta.client
    whole: Callable[..., Any] = getattr(client, call)
    left = "UnprocessedKeys" if call == "batch_get_item" else "UnprocessedItems"
    sizes: list[int] = []

    def some(RequestItems: dict[str, Any]) -> Any:  # noqa: N803 (boto3's name)
        ((table, request),) = RequestItems.items()
        items = request["Keys"] if call == "batch_get_item" else request
        sizes.append(len(items))
        if len(sizes) > times:
            return whole(RequestItems=RequestItems)
        wrap: Callable[[Any], Any] = (lambda part: {"Keys": part}) if call == "batch_get_item" else (lambda part: part)
        return whole(RequestItems={table: wrap(items[:1])}) | {left: {table: wrap(items[1:])}}

    monkeypatch.setattr(client, call, some)
    return sizes


@pytest.mark.parametrize("call", ["batch_get_item", "batch_write_item"])
def test_unprocessed_items_are_retried(aws: Aws, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """What DynamoDB leaves undone is asked for again."""
    pauses: list[float] = []
    state, saved = CrawlState(aws.deployment, pause=pauses.append), states(5)
    sizes = throttle(aws, monkeypatch, call, times=3)
    state.save_urls(saved.values())
    assert state.urls(saved) == saved
    assert sizes[:4] == [5, 4, 3, 2]
    assert pauses == [0.05, 0.1, 0.2]


@pytest.mark.parametrize(
    ("call", "ask"),
    [
        ("batch_get_item", lambda state: state.urls(states(25))),
        ("batch_write_item", lambda state: state.save_urls(states(25).values())),
    ],
)
def test_stuck_table_is_error(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, call: str, ask: Callable[[CrawlState], Any]
) -> None:
    """A table that does nothing is an error."""
    throttle(aws, monkeypatch, call, times=99)
    with pytest.raises(match="left"):
        ask(CrawlState(aws.deployment, pause=lambda _: None))


def test_capture_gives_url_states() -> None:
    """A captured page says what is known of its urls."""
    metadata = {
        "source": "gazette",
        "family": "feed",
        "requested_url": "https://gazette.example/a?utm_source=rss",
        "feed_title": "Rain",
        "feed_date": None,
        "feed_date_raw": "Tuesday 20/10/2026",
    }
    at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    page = Capture(
        url="https://gazette.example/b",
        captured_at=at,
        status=404,
        content_type="",
        body=b"",
        offset=0,
        length=1,
        metadata=metadata,
    )
    known = {state.url: state for state in url_states(page)}
    assert known.keys() == {"https://gazette.example/a", "https://gazette.example/b"}
    assert {(state.source, state.status, state.captured_at) for state in known.values()} == {
        ("gazette", 404, "2026-10-20T06:00:00Z")
    }
    assert {state.item for state in known.values()} == {item_hash(metadata)}
    (imported,) = url_states(replace(page, metadata={}))
    assert imported.item is None
