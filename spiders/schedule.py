"""Find due sources, and send their crawl messages.

A source is due once in each of its intervals (``every`` minutes). Intervals are the same for every run: the start names
the crawl and is part of the message's deduplication id. A dispatch killed between sending and recording sends the same
message again, and a crawl of one name runs once. Each source's intervals start at a minute of its own, to spread the
load.

Between intervals, a source with due revisits gets a crawl named after the one before, so it runs once too. A source in
back-off or in a pause waits as its health says; postponed continuations are sent after the pause.
"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from dateline import keys
from dateline.aws.queues import BATCH, crawl_entry
from dateline.messages import CrawlMessage
from dateline.sources.registry import Source
from dateline.state.records import HealthRecord
from dateline.state.table import TableState

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class SendError(RuntimeError):
    """The queue did not take some messages; their sources stay due."""


class Dispatcher:
    """Sends crawl messages for due sources."""

    def __init__(self, sources: Sequence[Source], *, state: TableState, sqs: "SQSClient", queue_url: str) -> None:
        self._sources = {source.id: source for source in sources}
        self._state, self._sqs, self._queue_url = state, sqs, queue_url

    def send_due(self, now: datetime) -> list[str]:
        """Send a message for each due source; return the ids. Raises SendError after recording the others."""
        waiting = chain(self._due(now), self._postponed(now))
        sent: list[str] = []
        refused: list[str] = []
        while batch := list(islice(waiting, BATCH)):
            failed = self._send(batch)
            taken = [message for number, message in enumerate(batch) if number not in failed]
            # Recorded only now: killed in between, the same messages are sent again.
            self._state.save_asked({each.source: at for each in taken if (at := keys.scheduled_at(each.crawl))})
            self._state.forget_postponed((each.source, each.crawl) for each in taken if each.continues)
            sent += [message.source for message in taken]
            refused += [batch[number].source for number in failed]
        if refused:
            raise SendError(f"the queue did not take the messages for {', '.join(refused)}")
        return sent

    def _due(self, now: datetime) -> Iterator[CrawlMessage]:
        asked, health = self._state.asked(self._sources), self._state.health(self._sources)
        for id, source in self._sources.items():
            if message := _message(source, asked.get(id), health.get(id), now):
                yield message

    def _postponed(self, now: datetime) -> Iterator[CrawlMessage]:
        """Continuations that waited for their host; another stack's dispatch has those of other sources."""
        messages = map(CrawlMessage.from_json, self._state.postponed(now))
        return (message for message in messages if message.source in self._sources)

    def _send(self, batch: Sequence[CrawlMessage]) -> list[int]:
        """The numbers of those that the queue did not take."""
        entries = list(self._entries(batch))
        answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return [int(entry["Id"]) for entry in answer.get("Failed", ())]

    def _entries(self, batch: Sequence[CrawlMessage]) -> "Iterator[SendMessageBatchRequestEntryTypeDef]":
        for number, message in enumerate(batch):
            entry: Any = {"Id": str(number)} | crawl_entry(message, self._sources[message.source].host)
            yield entry


def slot(source: Source, now: datetime) -> datetime:
    """Return the start of the source's interval around ``now``."""
    every = _interval(source)
    offset = timedelta(minutes=zlib.crc32(source.id.encode()) % source.every)
    return now - (now - _EPOCH - offset) % every


def _message(source: Source, asked: datetime | None, health: HealthRecord | None, now: datetime) -> CrawlMessage | None:
    """What to ask for, if anything; ``asked`` is the start of the interval for which that was done last."""
    at = keys.utc(now, "seconds")
    if health and (health.retry_at or "") > at:
        return None
    if asked is None or asked < slot(source, now):
        return CrawlMessage(source=source.id, crawl=keys.scheduled_crawl(slot(source, now)), patient=True)
    if health and health.revisit_at and health.revisit_at <= at:
        since = datetime.fromisoformat(max(health.revisit_at, health.crawled_at or ""))
        crawl = keys.crawl_name(since, "revisit")
        return CrawlMessage(source=source.id, crawl=crawl, patient=True, revisits_only=True)
    return None


def _interval(source: Source) -> timedelta:
    return timedelta(minutes=source.every)
