"""Find due sources, and send a round of crawls to each shard that has some.

A source is due once in each of its intervals (``every`` minutes). Intervals are the same for every run: the start names
the crawl and is part of the message's deduplication id. A dispatch killed between sending and recording sends the same
message again, and a crawl of one name runs once.

A function costs the same for one source as for two hundred, so the sources of a shard are due together: all intervals
of a shard start at the same minute, each shard's at its own. Due revisits travel with them, or wait half an hour for
company. While a shard's last round is unanswered, its sources stay due. A source in back-off or in a pause waits as its
health says; postponed continuations are sent after the pause.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dateline import instants
from dateline.aws.queues import send_rounds
from dateline.keys import crawl_names
from dateline.messages import CrawlMessage, RoundMessage
from dateline.sources.registry import Source
from dateline.sources.shards import Shards, phase
from dateline.state.records import HealthRecord
from dateline.state.rounds import Rounds
from dateline.state.table import TableState
from dateline.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ROUND = 200  # sources of a round; the others of a shard are due again in the next, the longest waiting first
ALIGNED = timedelta(minutes=30)  # within which the intervals of all shards start; the usual interval of a source
PATIENCE = ALIGNED  # of due revisits, for a round with other crawls: one WARC file instead of three
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class SendError(RuntimeError):
    """The queue did not take some messages; their sources stay due."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A crawl to send, due ``since`` an instant; one that is not ``urgent`` waits for others."""

    message: CrawlMessage
    since: datetime
    urgent: bool = True


class Dispatcher:
    """Sends rounds of due ``sources``; ``registered`` are all sources, of which the shards are made."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        registered: Iterable[Source] | None = None,
        shards: Shards,
        state: TableState,
        rounds: Rounds,
        sqs: "SQSClient",
        queue_url: str,
        size: int = ROUND,
    ) -> None:
        self._sources = {source.id: source for source in sources}
        self._shards = shards.assign(registered or sources)
        self._pool, self._count = shards.pool, shards.count
        self._state, self._rounds, self._sqs, self._queue_url = state, rounds, sqs, queue_url
        self._size = size

    def send_due(self, now: datetime) -> list[str]:
        """Send a round to each idle shard with due sources; return their ids. Raises SendError for rejected rounds."""
        rounds = list(self._packed(now, self._rounds.waiting(self._pool, now)))
        rejected = send_rounds(self._sqs, rounds, queue=self._queue_url)
        taken = [message for message in rounds if message not in rejected]
        # Recorded only now: killed in between, the same messages are sent again.
        crawls = [crawl for message in taken for crawl in message.crawls]
        self._state.save_asked({each.source: at for each in crawls if (at := crawl_names.scheduled_at(each.crawl))})
        self._state.forget_postponed((each.source, each.crawl) for each in crawls if each.continues)
        for message in taken:
            self._rounds.sent(message.shard, message.round, now)
            logger.info("round sent", extra={"round": message.piece, "crawls": [each.crawl for each in message.crawls]})
        if rejected:
            sources = ", ".join(crawl.source for message in rejected for crawl in message.crawls)
            raise SendError(f"the queue did not take the rounds of {sources}")
        return sorted(crawl.source for crawl in crawls)

    def _packed(self, now: datetime, waiting: set[str]) -> Iterator[RoundMessage]:
        """One round for each shard, if something there is urgent; of each source one crawl."""
        if any(shard.partition("/")[2] != f"{self._count}" for shard in waiting):
            return  # the number of shards was changed: the shards of before have hosts of all the present ones
        by_shard: defaultdict[str, dict[str, _Due]] = defaultdict(dict)
        for due in sorted((*self._due(now), *self._postponed(now)), key=lambda due: due.since):
            by_shard[self._shards[due.message.source]].setdefault(due.message.source, due)
        for shard, found in by_shard.items():
            if shard not in waiting and any(due.urgent for due in found.values()):
                yield RoundMessage.of(shard, [due.message for due in found.values()][: self._size])

    def _due(self, now: datetime) -> Iterator[_Due]:
        asked, health = self._state.asked(self._sources), self._state.health(self._sources)
        for id, source in self._sources.items():
            start = slot(source, now, self._shards[id])
            if due := _find_due(source, asked.get(id), health.get(id), start, now):
                yield due

    def _postponed(self, now: datetime) -> Iterator[_Due]:
        """Continuations that waited for their host; another stack's dispatch has those of other sources."""
        messages = map(CrawlMessage.from_json, self._state.postponed(now))
        return (_Due(each, crawl_names.crawl_time(each.crawl)) for each in messages if each.source in self._sources)


def slot(source: Source, now: datetime, shard: str) -> datetime:
    """Return the start of the source's interval around ``now``."""
    every = timedelta(minutes=source.every)
    # Whole seconds, as in the names of crawls.
    offset = timedelta(seconds=int(phase(shard) * ALIGNED.total_seconds()))
    return now - (now - _EPOCH - offset) % every


def _find_due(
    source: Source, asked: datetime | None, health: HealthRecord | None, start: datetime, now: datetime
) -> _Due | None:
    """What to ask for, if anything; ``asked`` is the start of the interval for which that was done last."""
    at = instants.utc(now, "seconds")
    if health and (health.retry_at or "") > at:
        return None
    if asked is None or asked < start:
        message = CrawlMessage(source=source.id, crawl=crawl_names.scheduled_crawl(start), patient=True)
        return _Due(message, asked or _EPOCH)
    if health and health.revisit_at and health.revisit_at <= at:
        due = datetime.fromisoformat(health.revisit_at)
        since = max(due, datetime.fromisoformat(health.crawled_at)) if health.crawled_at else due
        message = CrawlMessage(
            source=source.id, crawl=crawl_names.crawl_name(since, "revisit"), patient=True, revisits_only=True
        )
        return _Due(message, since, urgent=now - due >= PATIENCE)
    return None
