"""Dispatch: each source once in each of its intervals, also when it is killed in between."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from dateline.keys import item_keys
from dateline.messages import CrawlMessage
from dateline.sources.crawl_shards import Shards
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState
from dateline.state.records import HealthRecord, UrlState
from dateline.state.rounds import Rounds
from spiders.runs.schedule import Dispatcher, SendError, slot
from tests.conftest import Aws
from tests.spiders.runs.crawl_queue import Queue

NOON = datetime(2026, 10, 20, 12, 0, 7, tzinfo=UTC)


def source(name: str, **changes: Any) -> Source:
    values: dict[str, Any] = {"name": name, "country": "ly", "languages": ("en",), "timezone": "Africa/Tripoli"}
    values |= {"home": f"https://{name}.example/", "feeds": (f"https://{name}.example/feed",)}
    return Source(id=name, path=Path(f"ly/{name}.toml"), **(values | changes))


def dispatcher(aws: Aws, queue: Queue, *sources: Source, shards: int = 1, **options: Any) -> Dispatcher:
    return Dispatcher(
        sources,
        shards=Shards(shards),
        state=CrawlState(aws.deployment),
        rounds=Rounds(aws.table),
        sqs=queue.sqs,
        queue_url=queue.url,
        **options,
    )


def answer(aws: Aws) -> None:
    """Answer all rounds."""
    for item in aws.table.query(KeyConditionExpression=Key("PK").eq("ROUNDS"))["Items"]:
        Rounds(aws.table).answer(str(item["SK"]), str(item["sent"]), str(item["sent"]))


def send_at(aws: Aws, queue: Queue, source: Source, now: datetime) -> list[str]:
    """Dispatch, and answer the round at once."""
    sent = dispatcher(aws, queue, source).send_due(now)
    answer(aws)
    return sent


def test_source_due_each_interval(aws: Aws, queue: Queue) -> None:
    """A source is due once in each interval."""
    gazette = source("gazette", every=30)
    minutes = range(0, 120, 5)
    sent = [send_at(aws, queue, gazette, NOON + timedelta(minutes=minute)) for minute in minutes]
    # At once, since it was never crawled, and then at the start of the next four half hours.
    assert sum(map(len, sent)) in (4, 5)
    assert sent[0] == ["gazette"]
    crawls = [message["crawl"] for message in queue.take()]
    assert len(set(crawls)) == sum(map(len, sent))
    assert crawls[0] == f"{slot(timedelta(minutes=30), NOON, '0/1'):%Y%m%dT%H%M%SZ}-schedule"


@pytest.mark.parametrize(
    ("every", "quiet", "hours"),
    [
        (60, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (60, 1, [2, 4, 6, 8]),
        (60, 2, [4, 8]),
        (60, 9, [4, 8]),
        (30, 3, [2, 4, 6, 8]),
        (120, 5, [4, 8]),
        (480, 5, [8]),
    ],
)
def test_quiet_source_waits_longer(aws: Aws, queue: Queue, every: int, quiet: int, hours: list[int]) -> None:
    """Without news the wait doubles, up to four intervals and four hours, never below the interval."""
    gazette, begin = source("gazette", every=every), datetime(2026, 10, 20, tzinfo=UTC)
    send_at(aws, queue, gazette, begin)
    CrawlState(aws.deployment).restore([], [], [HealthRecord(source="gazette", quiet=quiet)])
    times = [begin + timedelta(minutes=minutes) for minutes in range(60, 600, 30)]
    sent = [(now - begin) // timedelta(minutes=60) for now in times if send_at(aws, queue, gazette, now)]
    assert sent == hours
    names = [f"{begin + timedelta(hours=hour):%Y%m%dT%H%M%SZ}-schedule" for hour in (0, *hours)]
    assert [message["crawl"] for message in queue.take()] == names, "named by the schedule, not by the dispatch"


def test_news_ends_long_waits(aws: Aws, queue: Queue) -> None:
    """A source with news is due at its next interval, whichever wait it was in."""
    gazette, state, begin = source("gazette"), CrawlState(aws.deployment), datetime(2026, 10, 20, tzinfo=UTC)
    send_at(aws, queue, gazette, begin)
    state.restore([], [], [HealthRecord(source="gazette", quiet=2)])
    assert send_at(aws, queue, gazette, begin + timedelta(minutes=65)) == []
    state.restore([], [], [HealthRecord(source="gazette")])
    assert send_at(aws, queue, gazette, begin + timedelta(minutes=70)) == ["gazette"]


@pytest.mark.parametrize("quiet", [0, 1, 2, 7])
def test_due_pages_wait_longer(aws: Aws, queue: Queue, quiet: int) -> None:
    """Due pages of a source without news are as patient as its schedule."""
    gazette, state = source("gazette", every=1440), CrawlState(aws.deployment)
    page = UrlState(url="https://gazette.example/a", source="gazette", due="2026-10-20T12:20:00Z")
    send_at(aws, queue, gazette, NOON)
    state.restore([page], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:01:00Z", quiet=quiet)])
    hours = [hour for hour in range(7) if send_at(aws, queue, gazette, NOON + timedelta(hours=hour))]
    assert hours[0] == min(2**quiet, 4)


@pytest.mark.parametrize(
    ("every", "minutes"), [(30, 30), (60, 60), (75, 75), (90, 90), (120, 120), (121, 60), (240, 60), (1440, 60)]
)
def test_looks_wait_for_crawls(aws: Aws, queue: Queue, every: int, minutes: int) -> None:
    """Due pages wait for a crawl within two hours, and cause one of their own where the next is later."""
    gazette, state = source("gazette", every=every), CrawlState(aws.deployment)
    begin = slot(timedelta(minutes=every), NOON, "0/1") + timedelta(seconds=7)
    page = UrlState(url="https://gazette.example/a", source="gazette", due=f"{begin + timedelta(minutes=20):%FT%TZ}")
    send_at(aws, queue, gazette, begin)
    crawled = f"{begin + timedelta(minutes=1):%FT%TZ}"
    state.restore([page], [], [HealthRecord(source="gazette", crawled_at=crawled)])
    sent = (minute for minute in range(5, 245, 5) if send_at(aws, queue, gazette, begin + timedelta(minutes=minute)))
    first = next(sent)
    assert first == minutes if every <= 120 else first <= minutes + 60
    assert [message["revisits_only"] for message in queue.take()][-1] is (every > 120)


@pytest.mark.parametrize("shards", [2, 7, 64])
@pytest.mark.parametrize(
    ("home", "feed"),
    [
        ("https://www.gazette.example/ar/", "https://www.gazette.example/ar/feed"),
        ("https://gazette.example:443/en/", "https://gazette.example/en/feed"),
        ("https://courier.example/", "https://m.gazette.example/courier.rss"),  # hosts its feed there
    ],
)
def test_shared_host_one_shard(aws: Aws, queue: Queue, shards: int, home: str, feed: str) -> None:
    """Sources that share a host are in one shard."""
    one, other = source("gazette"), source("other", home=home, feeds=(feed,))
    dispatcher(aws, queue, one, other, shards=shards).send_due(NOON)
    crawls = queue.take()
    assert {crawl["source"] for crawl in crawls} == {"gazette", "other"}
    assert len({crawl["group"] for crawl in crawls}) == 1


def test_shards_are_stable() -> None:
    """A source keeps its shard whatever other sources there are."""
    outlets = [source(f"outlet-{number}") for number in range(300)]
    shards = Shards(4).assign(outlets)
    assert all(Shards(4).assign([outlet])[outlet.id] == shards[outlet.id] for outlet in outlets)
    assert all(50 < count < 100 for count in Counter(shards.values()).values()), "about as many in each"


def test_shard_is_one_message(aws: Aws, queue: Queue) -> None:
    """The due sources of a shard are one message."""
    sources = [source(f"outlet-{number:02}") for number in range(27)]
    assert dispatcher(aws, queue, *sources, shards=4).send_due(NOON) == [outlet.id for outlet in sources]
    assert queue.waiting() == 4
    assert len(queue.take()) == 27
    assert dispatcher(aws, queue, *sources, shards=4).send_due(NOON) == []


def test_round_takes_longest_waiting(aws: Aws, queue: Queue) -> None:
    """A round takes the sources that wait longest, the next one the rest."""
    sources = [source(f"outlet-{number}") for number in range(5)]
    CrawlState(aws.deployment).save_asked({"outlet-0": NOON - timedelta(days=1)})
    first = dispatcher(aws, queue, *sources, size=3).send_due(NOON)
    answer(aws)
    second = dispatcher(aws, queue, *sources, size=3).send_due(NOON)
    assert (len(first), len(second)) == (3, 2)
    assert "outlet-0" in second
    assert sorted(first + second) == [outlet.id for outlet in sources]


def test_unanswered_shard_waits(aws: Aws, queue: Queue) -> None:
    """The other shards are not affected; six hours later the round counts as lost."""
    sources = [source(f"outlet-{number}") for number in range(8)]
    shards = Shards(2).assign(sources)
    dispatcher(aws, queue, *sources, shards=2).send_due(NOON)
    (item, *_) = aws.table.query(KeyConditionExpression=Key("PK").eq("ROUNDS"))["Items"]
    Rounds(aws.table).answer(str(item["SK"]), str(item["sent"]), str(item["sent"]))
    hours = [dispatcher(aws, queue, *sources, shards=2).send_due(NOON + timedelta(hours=hour)) for hour in (1, 5, 7)]
    idle = [outlet.id for outlet in sources if shards[outlet.id] == item["SK"]]
    assert hours == [idle, [], [outlet.id for outlet in sources]]


def test_split_round_answered_last(aws: Aws, queue: Queue) -> None:
    """A split round is answered with its last piece."""
    sources = [source(f"outlet-{number}") for number in range(4)]
    dispatcher(aws, queue, *sources).send_due(NOON)
    rounds, later = Rounds(aws.table), NOON + timedelta(hours=1)
    (item,) = aws.table.query(KeyConditionExpression=Key("PK").eq("ROUNDS"))["Items"]
    name = str(item["sent"])
    rounds.split("0/1", [f"{name}0", f"{name}1"])
    for piece in (name, f"{name}0"):
        rounds.answer("0/1", name, piece)
        assert dispatcher(aws, queue, *sources).send_due(later) == []
    rounds.answer("0/1", name, f"{name}1")
    assert len(dispatcher(aws, queue, *sources).send_due(later)) == 4


def test_other_shard_count_waits(aws: Aws, queue: Queue) -> None:
    """A host may be in any of the shards of before."""
    sources = [source(f"outlet-{number}") for number in range(8)]
    dispatcher(aws, queue, *sources, shards=3).send_due(NOON)
    later = NOON + timedelta(hours=1)
    assert dispatcher(aws, queue, *sources, shards=4).send_due(later) == []
    answer(aws)
    assert len(dispatcher(aws, queue, *sources, shards=4).send_due(later)) == 8


def test_one_crawl_per_source(aws: Aws, queue: Queue) -> None:
    """A source has one crawl in a round."""
    gazette, state = source("gazette", every=30), CrawlState(aws.deployment)
    rest = CrawlMessage(source="gazette", crawl="20261020T115000Z-schedule-c1", continues="20261020T110000Z-schedule")
    item = item_keys.postponed("gazette", rest.crawl) | {"message": rest.to_json()}
    state.restore([], [item], [])
    sent = [send_at(aws, queue, gazette, NOON) for _ in range(3)]
    assert sent == [["gazette"], ["gazette"], []]
    assert [crawl["continues"] for crawl in queue.take()] == [None, rest.continues]


@pytest.mark.parametrize("call", ["SendMessageBatch", "BatchWriteItem", "UpdateItem"])
def test_killed_dispatch_ends_same(aws: Aws, queue: Queue, call: str) -> None:
    """Killed in between nothing is lost or doubled."""

    def kill(*_: Any, model: Any, **__: Any) -> None:
        if model.name == call:
            raise KeyboardInterrupt

    for client in (aws.table.meta.client, queue.sqs):
        client.meta.events.register("before-call", kill)
    with pytest.raises(KeyboardInterrupt):
        dispatcher(aws, queue, source("gazette")).send_due(NOON)
    for client in (aws.table.meta.client, queue.sqs):
        client.meta.events.unregister("before-call", kill)
    again = dispatcher(aws, queue, source("gazette")).send_due(NOON + timedelta(seconds=60))
    assert again == ([] if call == "UpdateItem" else ["gazette"])
    assert len(queue.take()) == 1, "sent again in the same interval, it is the same message"


def test_refused_messages_stay_due(aws: Aws, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the queue does not take stays due."""
    failed = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(queue.sqs, "send_message_batch", lambda **_: failed)
    sources = [source(f"outlet-{number}") for number in range(8)]
    shards = Shards(2).assign(sources)
    with pytest.raises(SendError) as refused:
        dispatcher(aws, queue, *sources, shards=2).send_due(NOON)
    taken = CrawlState(aws.deployment).asked([outlet.id for outlet in sources]).keys()
    assert len({shards[id] for id in taken}) == 1
    assert all((outlet.id in str(refused.value)) == (outlet.id not in taken) for outlet in sources)


def test_due_pages_cause_crawl(aws: Aws, queue: Queue) -> None:
    """A source whose pages are due is asked for once in between."""
    gazette, state = source("gazette", every=1440), CrawlState(aws.deployment)
    page = UrlState(url="https://gazette.example/a", source="gazette", due="2026-10-20T12:20:00Z")
    send_at(aws, queue, gazette, NOON)
    queue.take()
    state.restore([page], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:01:00Z")])
    minutes = (15, 20, 59, 60, 61)  # at the start of the hour
    sent = [send_at(aws, queue, gazette, NOON + timedelta(minutes=minute)) for minute in minutes]
    assert sent == [[], [], [], ["gazette"], ["gazette"]]
    (message,) = queue.take()
    assert (message["crawl"], message["revisits_only"]) == ("20261020T122000Z-revisit", True)
    state.restore([], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:23:00Z")])
    send_at(aws, queue, gazette, NOON + timedelta(minutes=90))
    assert [message["crawl"] for message in queue.take()] == ["20261020T122300Z-revisit"]


def test_due_pages_join_rounds(aws: Aws, queue: Queue) -> None:
    """Due pages travel with other crawls of their shard."""
    gazette, courier, state = source("gazette", every=1440), source("courier"), CrawlState(aws.deployment)
    page = UrlState(url="https://gazette.example/a", source="gazette", due="2026-10-20T12:28:00Z")
    dispatcher(aws, queue, gazette, courier).send_due(NOON)
    answer(aws)
    state.restore([page], [], [HealthRecord(source="gazette", crawled_at="2026-10-20T12:01:00Z")])
    assert dispatcher(aws, queue, gazette, courier).send_due(NOON + timedelta(minutes=30)) == []
    assert dispatcher(aws, queue, gazette, courier).send_due(NOON + timedelta(hours=1)) == ["courier", "gazette"]


def test_left_pages_cause_crawl(aws: Aws, queue: Queue) -> None:
    """Due pages that the last crawl had no time for are asked for at once."""
    gazette, state = source("gazette"), CrawlState(aws.deployment)
    send_at(aws, queue, gazette, NOON)
    page = UrlState(url="https://gazette.example/a", source="gazette", due="2026-10-20T11:50:00Z")
    for crawled, sent in (("2026-10-20T11:54:00Z", []), ("2026-10-20T12:04:00Z", ["gazette"])):
        state.restore([page], [], [HealthRecord(source="gazette", crawled_at=crawled, quiet=2)])
        assert send_at(aws, queue, gazette, NOON + timedelta(minutes=10)) == sent


def test_failing_source_backs_off(aws: Aws, queue: Queue) -> None:
    """A source that fails is left alone and never forgotten."""
    failed = HealthRecord(source="gazette", failures=3, retry_at="2026-10-20T18:00:00Z")
    CrawlState(aws.deployment).restore([], [], [failed])
    hours = [send_at(aws, queue, source("gazette"), NOON + timedelta(hours=hour)) for hour in range(8)]
    assert [bool(sent) for sent in hours] == [False] * 6 + [True] * 2


@pytest.mark.parametrize("every", [1, 7, 30, 1440, 10080])
def test_intervals_follow_each_other(every: int) -> None:
    interval = timedelta(minutes=every)
    began = slot(interval, NOON, "2/3")
    assert began <= NOON < began + interval
    assert slot(interval, began, "2/3") == slot(interval, began + interval - timedelta(seconds=1), "2/3") == began
    assert slot(interval, began + interval, "2/3") == began + interval


def test_shards_begin_in_turn() -> None:
    """Sources of a shard begin together, shards one after the other."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    starts = [slot(hour, NOON, f"{number}/4") for number in range(4)]
    assert len({start.minute for start in starts}) == 4
    daily_start = slot(day, NOON, "3/4")
    assert slot(hour, daily_start, "3/4") == daily_start
