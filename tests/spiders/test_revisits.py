"""Looking again: what has not changed costs next to nothing, what has changed is captured, new stories come first."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dateline import instants
from dateline.capture import Capture, read
from dateline.keys import identifiers, item_keys
from dateline.messages import CrawlMessage, CrawlReport
from dateline.monitoring.counter_writes import Counters
from dateline.sources import revisit_plan
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState
from dateline.state.due_times import DueTimes
from dateline.state.records import Habit, UrlState
from spiders.runs import runner
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import Answer, Outlet, answer, item, rss

SOURCE = "sample-gazette"
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)


class KilledError(Exception):
    """The function dies here."""


def crawl(aws: Aws, source: Source, label: str, **changes: Any) -> CrawlReport:
    """One crawl into the bucket and the table, counted as the function counts it."""
    message = CrawlMessage(source=SOURCE, crawl=f"20261020T060000Z-{label}", **changes)
    store = BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=message.crawl)
    report = runner.run(message, source, store=store, state=CrawlState(aws.deployment), deadline=float("inf"))
    Counters(aws.table).add_crawl(report)
    return report


def pages(aws: Aws, report: CrawlReport) -> list[Capture]:
    bodies = [aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read() for key in report.captures]
    return [page for body in bodies for page in read(io.BytesIO(body))]


@contextmanager
def writes(aws: Aws) -> Iterator[Counter[str]]:
    """Items written to the table and objects to the buckets, by where."""
    counts: Counter[str] = Counter()

    def count(*_: Any, model: Any, params: dict[str, Any], **__: Any) -> None:
        if model.name == "BatchWriteItem":
            counts["items"] += params["body"].count(b"Request")
        elif model.name == "TransactWriteItems":
            counts["items"] += 2
        elif model.name in ("PutItem", "UpdateItem", "DeleteItem"):
            counts["items"] += 1
        elif model.name == "PutObject":
            counts[params["url_path"].split("/")[1]] += 1

    aws.on_call("before-call", count)
    yield counts
    aws.off_call("before-call", count)


def honest(listed: str) -> Any:
    """A feed that says 304 where nothing changed."""

    def feed(head: bytes) -> Answer:
        return answer(status=304) if b'If-None-Match: "7"' in head else answer(listed, ETag='"7"')

    return feed


@pytest.mark.parametrize("validators", ["trust", "ignore"])
def test_quiet_crawl_one_request(aws: Aws, validators: str) -> None:
    """A crawl where nothing changed is one request a feed."""
    feeds = {f"/feed{number}": honest(rss(item(f"/{number}"))) for number in range(3)}
    stories = {f"/{number}": answer(f"<h1>Story {number}") for number in range(3)}
    with Outlet({**feeds, **stories}) as outlet:
        urls = tuple(f"{outlet.url}{path}" for path in feeds)
        source = outlet.source(feeds=urls, validators=validators, revisit=())
        assert crawl(aws, source, "first").captured == 3
        outlet.requests.clear()
        with writes(aws) as counts:
            report = crawl(aws, source, "second")
    assert sorted(head.split()[1].decode() for head in outlet.requests) == list(feeds), "robots.txt is known too"
    assert {visit.status for visit in report.feeds} == ({304} if validators == "trust" else {200})
    assert all(visit.unchanged for visit in report.feeds)
    assert (report.discovered, report.captures) == (0, {})
    assert counts.pop("items") <= 4
    assert counts == {"crawls": 1}, "nothing but the report, which whoever asked waits for"


def quiet(aws: Aws) -> int:
    return CrawlState(aws.deployment).health([SOURCE])[SOURCE].quiet


def test_crawls_without_news_counted(aws: Aws) -> None:
    """Looks are no news, not even changed ones; a new story is, whatever becomes of the other seeds."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        found = [crawl(aws, outlet.source(), "0") and quiet(aws)]
        for label, page in (("1", "<h1>A"), ("2", "<h1>A, corrected")):
            past(aws, f"{outlet.url}/a")
            outlet.routes["/a"] = answer(page)
            assert crawl(aws, outlet.source(), label).revisited == 1
            found.append(quiet(aws))
        crawl(aws, outlet.source(), "3", revisits_only=True)
        found.append(quiet(aws))
        crawl(aws, outlet.source(), "4", since="2026-01-01")
        found.append(quiet(aws))
        outlet.routes |= {"/feed": answer(status=500)}
        crawl(aws, outlet.source(), "5")
        found.append(quiet(aws))
        outlet.routes |= {"/feed": answer(rss(item("/b"))), "/b": answer("<h1>B")}
        crawl(aws, outlet.source(), "6")
        assert [*found, quiet(aws)] == [0, 1, 2, 2, 2, 2, 0]


@pytest.mark.parametrize("news", [True, False])
def test_killed_crawl_knows_its_news(aws: Aws, monkeypatch: pytest.MonkeyPatch, news: bool) -> None:
    """A delivery that finds the pages of a killed one stored counts them as that one would have."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        if not news:
            crawl(aws, outlet.source(), "first")
            past(aws, f"{outlet.url}/a")
        with monkeypatch.context() as killing, suppress(KilledError):
            killing.setattr(BucketStore, "put_report", _die)
            crawl(aws, outlet.source(), "second")
        assert crawl(aws, outlet.source(), "second").captured == 1
        assert quiet(aws) == (0 if news else 1)


def _die(*_: Any) -> None:
    raise KilledError


def past(aws: Aws, *urls: str) -> None:
    """Have those of these URLs be due that are known."""
    state = CrawlState(aws.deployment)
    states = state.urls(urls)
    first, due = "2026-10-20T05:00:00Z", "2026-10-20T07:00:00Z"
    state.save_urls(replace(known, first_seen_at=first, due=due) for known in states.values())


def outlet_of(*pages: tuple[str, Any]) -> Outlet:
    return Outlet({"/feed": honest(rss(*(item(path) for path, _ in pages))), **dict(pages)})


def lying(head: bytes) -> Answer:
    """Says 304 to whatever is asked conditionally."""
    return answer(status=304) if b"If-None-Match" in head else answer("<h1>Same", ETag='"1"')


@pytest.mark.parametrize(
    ("page", "validators", "status"),
    [(lying, "trust", 304), (lying, "ignore", 200), (answer("<h1>Same"), "trust", 200)],
)
def test_unchanged_page_is_revisit(aws: Aws, page: Any, validators: str, status: int) -> None:
    """A page that has not changed is a revisit."""
    with outlet_of(("/a", page)) as outlet:
        source = outlet.source(validators=validators)
        (first,) = pages(aws, crawl(aws, source, "first"))
        past(aws, f"{outlet.url}/a")
        report = crawl(aws, source, "second")
        (again,) = pages(aws, report)
    assert (again.revisit, again.status, again.body) == (True, status, b"")
    assert again.revisits == (first.url, first.captured_at, first.payload_digest)
    assert (report.revisited, report.captured) == (1, 1)
    assert again.metadata["feed_title"] == "A story"


def test_changed_revisit_is_captured(aws: Aws) -> None:
    """What a revisit finds changed or gone is captured."""
    with outlet_of(("/a", answer("<h1>A")), ("/b", answer("<h1>B")), ("/c", answer("<h1>C"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a", f"{outlet.url}/b")
        outlet.routes |= {"/a": answer("<h1>A, corrected"), "/b": answer("gone", 410), "/c": answer("not due")}
        found = pages(aws, crawl(aws, outlet.source(), "second"))
    assert {(page.status, page.body, page.revisit) for page in found} == {
        (200, b"<h1>A, corrected", False),
        (410, b"gone", False),
    }


def due(aws: Aws) -> list[tuple[str, str]]:
    """Which pages are due, and when."""
    found = CrawlState(aws.deployment).revisits(SOURCE, datetime(2999, 1, 1, tzinfo=UTC), 100)
    return sorted((each.url.rsplit("/", 1)[1], str(each.due)) for each in found)


def test_looks_beyond_cap_skipped(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The youngest stories are looked at; the others wait for their next turn, and the report counts them."""
    monkeypatch.setattr(revisit_plan, "allowance", lambda *_: 2)
    with outlet_of(*((f"/{name}", answer(f"<h1>{name}")) for name in "abcd")) as outlet:
        crawl(aws, outlet.source(), "first")
        state = CrawlState(aws.deployment)
        born = {f"{outlet.url}/{name}": f"2026-10-1{number}T00:00:00Z" for number, name in enumerate("badc")}
        found = state.urls(born)
        state.save_urls(replace(found[url], due="2026-10-20T07:00:00Z", first_seen_at=at) for url, at in born.items())
        report = crawl(aws, outlet.source(), "second", revisits_only=True)
        again = crawl(aws, outlet.source(), "third", revisits_only=True)
    assert {page.url.rsplit("/", 1)[1] for page in pages(aws, report)} == {"c", "d"}
    assert (report.revisited, report.passed_over) == (2, 2)
    assert (again.revisited, again.passed_over) == (0, 0), "nothing piles up"
    assert {name for name, at in due(aws) if at > report.started_at} == {*"abcd"}
    (day,) = (each for each in aws.table.scan()["Items"] if str(each["SK"]).startswith("DAY#"))
    assert day["passed_over"] == 2


@pytest.mark.parametrize(("looks", "found"), [(1, (1, 0)), (0, (0, 1))])
def test_changed_item_is_look(aws: Aws, monkeypatch: pytest.MonkeyPatch, looks: int, found: tuple[int, int]) -> None:
    """A feed that says another title asks for a look at once, within the looks of the day."""
    with outlet_of(("/a", answer("<h1>A")), ("/b", answer("<h1>B"))) as outlet:
        crawl(aws, outlet.source(), "first")
        outlet.routes["/feed"] = answer(rss(item("/a", title="A, corrected"), item("/b")))
        monkeypatch.setattr(revisit_plan, "allowance", lambda *_: looks)
        report = crawl(aws, outlet.source(), "second")
    assert (report.revisited, report.passed_over) == found


def test_habit_from_counters(aws: Aws) -> None:
    """Edits and looks of four weeks, and the day's looks so far; older days do not count."""
    counters, today = Counters(aws.table), date(2026, 10, 20)
    for day, counted in {
        "2026-10-20": {"revisited": 7, "unchanged": 5, "revised": 2},
        "2026-09-23": {"revisited": 9, "unchanged": 9, "revised": 0},
        "2026-09-01": {"revisited": 80, "unchanged": 1, "revised": 79},
    }.items():
        counters.add(SOURCE, day, day, counted)
    assert CrawlState(aws.deployment).habit(SOURCE, today) == Habit(looks=16, edits=2, today=7)
    assert CrawlState(aws.deployment).habit("another", today) == Habit()


def test_revisit_schedules_next(aws: Aws) -> None:
    """Each look says when the next one is."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        source = outlet.source(revisit=((10**9, 60),))
        for label in ("first", "second"):
            (page,) = pages(aws, crawl(aws, source, label))
            assert due(aws) == [("a", instants.utc(page.captured_at + timedelta(hours=1), "seconds"))]
            assert CrawlState(aws.deployment).health([SOURCE])[SOURCE].revisit_at == due(aws)[0][1]
            past(aws, f"{outlet.url}/a")


def test_new_stories_come_first(aws: Aws) -> None:
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a")
        outlet.routes |= {"/feed": answer(rss(item("/b"), item("/c"))), "/b": answer("B"), "/c": answer("C")}
        outlet.requests.clear()
        crawl(aws, outlet.source(), "second", limit=2)
        crawl(aws, outlet.source(), "third", limit=2)
    assert outlet.paths() == ["/feed", "/b", "/c", "/feed", "/a"]


def test_crawl_for_revisits_only(aws: Aws) -> None:
    """A crawl may be for revisits alone."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a")
        outlet.requests.clear()
        crawl(aws, outlet.source(), "revisit", revisits_only=True)
    assert outlet.paths() == ["/a"]


def test_stale_due_is_removed(aws: Aws) -> None:
    """Due times of a crawl that was killed before it saved the states are swept away, once they are due."""
    state, url = CrawlState(aws.deployment), "https://gazette.example/a"
    known = UrlState(url=url, source=SOURCE, captured_at="2026-10-20T06:00:00Z", due="2026-10-20T09:00:00Z")
    state.save_urls([known])
    lost = {identifiers.url_hash(f"{url}{number}"): f"2026-10-20T0{number}:00:00Z" for number in (7, 9)}
    DueTimes(aws.deployment).change(SOURCE, lost)
    assert state.revisits(SOURCE, datetime(2026, 10, 20, 8, tzinfo=UTC), 10) == []
    assert DueTimes(aws.deployment).first(SOURCE) == "2026-10-20T09:00:00Z"
    assert due(aws) == [("a", "2026-10-20T09:00:00Z")]


def test_moved_page_due_once(aws: Aws) -> None:
    """A page that another source takes over is due for that one alone."""
    state = CrawlState(aws.deployment)
    known = UrlState(url="https://gazette.example/a", source="courier", due="2026-10-20T07:00:00Z")
    state.save_urls([known])
    state.save_urls([replace(known, source=SOURCE, due="2026-10-20T09:00:00Z")])
    assert (state.revisits("courier", AT, 10), due(aws)) == ([], [("a", "2026-10-20T09:00:00Z")])


def test_quiet_look_writes_no_state(aws: Aws) -> None:
    """A page that says that it is unchanged is due later, and its item stays as it was."""
    with outlet_of(("/a", honest("<h1>A"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a")
        before = aws.table.get_item(Key=item_keys.url_state(f"{outlet.url}/a"))["Item"]
        ((_, first),) = due(aws)
        crawl(aws, outlet.source(), "second")
        assert aws.table.get_item(Key=item_keys.url_state(f"{outlet.url}/a"))["Item"] == before
        ((_, then),) = due(aws)
    assert first < "2026-10-20T08:00:00Z" < then


def look_at(aws: Aws, outlet: Outlet, label: str, page: Answer) -> tuple[dict[str, Any], bool]:
    """Return the page's item after another look, and whether the look captured the whole page."""
    past(aws, f"{outlet.url}/a")
    outlet.routes["/a"] = page
    (captured,) = pages(aws, crawl(aws, outlet.source(), label, revisits_only=True))
    return aws.table.get_item(Key=item_keys.url_state(f"{outlet.url}/a"))["Item"], not captured.revisit


def test_rewritten_page_keeps_its_state(aws: Aws) -> None:
    """After two looks with other bytes a page's item stays as it is; each look is whole, one at former bytes, too."""
    with outlet_of(("/a", answer("<h1>A, 0"))) as outlet:
        crawl(aws, outlet.source(), "first")
        texts = enumerate((1, 1, 2, 3, 4, 4, 0))
        found = [look_at(aws, outlet, f"{number}", answer(f"<h1>A, {text}")) for number, text in texts]
    items, whole = zip(*found, strict=True)
    assert whole == (True, False, True, True, True, True, True)
    assert [item.get("rewrites", 0) for item in items] == [1, 0, 1, 2, 2, 2, 2]
    assert items[3] == items[4] == items[5] == items[6]
    assert ["digest" in item for item in items] == [True] * 3 + [False] * 4


def test_validators_make_pages_known(aws: Aws) -> None:
    """A page that gets validators is asked for conditionally, whatever it did before."""
    with outlet_of(("/a", answer("<h1>A, 0"))) as outlet:
        crawl(aws, outlet.source(), "first")
        for at in (1, 2, 3):
            look_at(aws, outlet, f"{at}", answer(f"<h1>A, {at}"))
        item, _ = look_at(aws, outlet, "4", honest("<h1>A"))
        assert (item["etag"], "rewrites" in item) == ('"7"', False)
        assert not look_at(aws, outlet, "5", honest("<h1>A"))[1]


@pytest.mark.parametrize("known", ["later", "withdrawn"])
def test_late_states_change_nothing(aws: Aws, known: str) -> None:
    """A delivery that is late knows less than the table: neither the state nor the due time goes back."""
    state = CrawlState(aws.deployment)
    early = UrlState(
        url="https://gazette.example/a", source=SOURCE, captured_at="2026-10-20T06:00:00Z", due="2026-10-20T07:00:00Z"
    )
    late = replace(early, captured_at="2026-10-20T08:00:00Z", digest="sha256:1", due="2026-10-20T09:00:00Z")
    gone = UrlState(url=early.url, source=SOURCE, withdrawn_at="2026-10-20T08:00:00Z")
    state.save_urls([late if known == "later" else gone])
    table, times = aws.table.scan()["Items"], due(aws)
    report = CrawlReport(source=SOURCE, crawl="20261020T060000Z-late", started_at=early.captured_at)
    state.settle(report, lambda: [early])
    assert (aws.table.scan()["Items"], due(aws)) == (table, times)


@pytest.mark.parametrize(
    ("path", "found"),
    [("a", {}), ("%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1", {"feed_title": "أخبار"}), ("c", {"feed_title": "Port reopens"})],
)
@pytest.mark.parametrize("meanwhile", ["nothing", "withdrawn"])
def test_visit_without_news_reads_no_state(aws: Aws, path: str, found: dict[str, str], meanwhile: str) -> None:
    """A look that found what the crawl knew at its start sets the due time, and leaves the state, even a withdrawal."""
    state, at = CrawlState(aws.deployment), datetime(2026, 10, 21, tzinfo=UTC)
    before = UrlState(
        url=f"https://gazette.example/{path}",
        source=SOURCE,
        captured_at="2026-10-20T06:00:00Z",
        due="2026-10-20T07:00:00Z",
        found=found,
    )
    state.save_urls([before])
    (known,) = state.revisits(SOURCE, at, 1)
    if meanwhile == "withdrawn":
        state.save_urls([UrlState(url=before.url, source=SOURCE, withdrawn_at="2026-10-20T08:00:00Z")])
    items, read = aws.table.scan()["Items"], list[str]()
    seen = replace(known, captured_at="2026-10-20T08:00:00Z", due="2026-10-20T09:00:00Z")
    report = CrawlReport(source=SOURCE, crawl="20261020T060000Z-news", started_at=before.captured_at)
    aws.on_call("before-call", count := lambda params, **_: read.append(str(params["body"])))
    state.settle(report, lambda: [seen], {known.url: known})
    aws.off_call("before-call", count)
    assert not any("STATE" in body for body in read)
    assert aws.table.scan()["Items"] == items
    assert state.revisits(SOURCE, at, 1) == ([replace(known, due=seen.due)] if meanwhile == "nothing" else [])


def test_later_date_is_recorded() -> None:
    """A look that a sitemap's date asked for is recorded, or that date would ask for one in each crawl."""
    known = UrlState(url="https://gazette.example/a", source=SOURCE, captured_at="2026-10-20T06:00:00Z", status=200)
    seen = replace(known, captured_at="2026-10-20T08:00:00Z")
    assert seen.repeats(known)
    for lastmod, repeats in {"2026-10-20T05:00:00+00:00": True, "2026-10-20T07:00:00+00:00": False}.items():
        found = {"lastmod": lastmod}
        assert replace(seen, found=found).repeats(replace(known, found=found)) is repeats
