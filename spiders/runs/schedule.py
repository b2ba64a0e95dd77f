"""Find due sources, and send a round of crawls to each shard that has some.

A source is due once in each of its intervals (``every`` minutes), or less often while it has no news: each crawl
without a new story doubles the wait, up to four intervals and ``LONGEST``. Intervals are the same for every run: the
start names the crawl and is part of the message's deduplication id. A dispatch killed between sending and recording
sends the same message again, and a crawl of one name runs once.

A function costs the same for one source as for two hundred, so the sources of a shard are due together: all intervals
of a shard start at the same minute, each shard's at its own. Due revisits travel with their source's crawl. Where
intervals are longer than ``_TOGETHER``, they have one of their own at the start of the next hour, at a source without
news of a later one; those that a crawl had no time for, at once. While a shard's last round is unanswered, its sources
stay due. A source in back-off or in a pause waits as its health says; postponed continuations are sent after the pause.
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
from dateline.sources.crawl_shards import Shards, phase
from dateline.sources.registry import Source
from dateline.state.records import HealthRecord
from dateline.state.rounds import Rounds
from dateline.state.table import TableState
from dateline.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ROUND = 200  # sources of a round; the others of a shard are due again in the next, the longest waiting first
ALIGNED = timedelta(hours=1)  # within which the intervals of all shards start; the usual interval of a source
LONGEST = timedelta(hours=4)  # between two crawls of a source without news, unless its interval is longer
_TOGETHER = timedelta(hours=2)  # looks wait for their source's next crawl if its interval is no longer
_DOUBLINGS = 2  # of the time between two crawls
_CRAWL = timedelta(minutes=5)  # of a crawl at most (template.yaml); it had no time for pages that were due before
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class SendError(RuntimeError):
    """The queue did not take some messages; their sources stay due."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A crawl to send, due ``since`` an instant."""

    message: CrawlMessage
    since: datetime


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
        """One round for each shard, if something there is due; of each source one crawl."""
        if any(shard.partition("/")[2] != f"{self._count}" for shard in waiting):
            return  # the number of shards was changed: the shards of before have hosts of all the present ones
        by_shard: defaultdict[str, dict[str, _Due]] = defaultdict(dict)
        for due in sorted((*self._due(now), *self._postponed(now)), key=lambda due: due.since):
            by_shard[self._shards[due.message.source]].setdefault(due.message.source, due)
        for shard, found in by_shard.items():
            if shard not in waiting:
                yield RoundMessage.of(shard, [due.message for due in found.values()][: self._size])

    def _due(self, now: datetime) -> Iterator[_Due]:
        asked, health = self._state.asked(self._sources), self._state.health(self._sources)
        for id, source in self._sources.items():
            if due := _find_due(source, asked.get(id), health.get(id), self._shards[id], now):
                yield due

    def _postponed(self, now: datetime) -> Iterator[_Due]:
        """Continuations that waited for their host; another stack's dispatch has those of other sources."""
        messages = map(CrawlMessage.from_json, self._state.postponed(now))
        return (_Due(each, crawl_names.crawl_time(each.crawl)) for each in messages if each.source in self._sources)


def slot(every: timedelta, now: datetime, shard: str) -> datetime:
    """Return the start of the interval around ``now`` of a shard's sources."""
    # Whole seconds, as in the names of crawls.
    offset = timedelta(seconds=int(phase(shard) * ALIGNED.total_seconds()))
    return now - (now - _EPOCH - offset) % every


def wait(every: timedelta, quiet: int) -> timedelta:
    """Return the time between two crawls of a source, the last ``quiet`` of which had no news."""
    return max(every, min(every * _times(quiet), LONGEST))


def revisited(every: timedelta, now: datetime, shard: str, quiet: int, crawled: datetime) -> datetime:
    """Return until when a page is due to be looked at ``now``, in a crawl without its source's feeds.

    ``crawled`` is the end of the source's last crawl.
    """
    interval = every if ALIGNED < every <= _TOGETHER else ALIGNED
    return max(slot(interval, now, shard) - interval * (_times(quiet) - 1), crawled - _CRAWL)


def _times(quiet: int) -> int:
    return 1 << min(quiet, _DOUBLINGS)


def _find_due(
    source: Source, asked: datetime | None, health: HealthRecord | None, shard: str, now: datetime
) -> _Due | None:
    """What to ask for, if anything; ``asked`` is the start of the interval for which that was done last."""
    if health and (health.retry_at or "") > instants.utc(now, "seconds"):
        return None
    quiet, every = health.quiet if health else 0, timedelta(minutes=source.every)
    start = slot(every, now, shard)
    if asked is None or asked < start + every - wait(every, quiet):
        message = CrawlMessage(source=source.id, crawl=crawl_names.scheduled_crawl(start), patient=True)
        return _Due(message, asked or _EPOCH)
    if not (health and health.revisit_at):
        return None
    due = datetime.fromisoformat(health.revisit_at)
    crawled = datetime.fromisoformat(health.crawled_at) if health.crawled_at else due
    if due <= revisited(every, now, shard, quiet, crawled):
        since = max(due, crawled)
        message = CrawlMessage(
            source=source.id, crawl=crawl_names.crawl_name(since, "revisit"), patient=True, revisits_only=True
        )
        return _Due(message, since)
    return None
