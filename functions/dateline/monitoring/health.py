"""Health of each source, from the table: last success, failures, yield."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dateline import instants
from dateline.keys import item_keys
from dateline.monitoring.counters import Day, Yields
from dateline.sources.registry import Source
from dateline.state.records import FeedState, HealthRecord
from dateline.state.table import TableState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A source's health.

    ``failing`` are seeds with a failed last visit. ``archived`` is the number of new and changed stories of the last
    whole day (UTC), None for a source never crawled; ``yields`` compares it with ``expect.min`` and ``expect.max``.
    ``rules_missed`` counts the fields of the day's stories with a rule without a match.
    """

    source: str
    health: HealthRecord
    failing: list[FeedState] = field(default_factory=list)
    archived: int | None = None
    yields: Yields | None = None
    rules_missed: int = 0


def check(table: "Table", sources: Iterable[Source], now: datetime) -> Iterator[Checkup]:
    """The health of each source at an aware instant; three reads of the table for each."""
    state, watched = TableState(table), list(sources)
    known = state.health(source.id for source in watched)
    yesterday = instants.utc(now - timedelta(days=1))[:10]
    for source in watched:
        health = known.get(source.id, HealthRecord(source=source.id))
        feeds = state.feeds(source.id, source.seeds).values()
        day = _day(table, source, yesterday)
        yield Checkup(
            source=source.id,
            health=health,
            failing=[feed for feed in feeds if feed.failures],
            archived=day.counts["archived"] if health.crawled_at else None,
            yields=day.yields if health.crawled_at else None,
            rules_missed=day.counts["rules_missed"],
        )


def _day(table: "Table", source: Source, date: str) -> Day:
    """Return yesterday's counters with the registry's present expectation."""
    key = item_keys.day(source.id, date)
    return replace(Day.of_item(table.get_item(Key=key).get("Item", key)), expect=source.expect)
