"""Which sources are due, and the messages that say so.

A source is due once in each of its intervals (``every`` minutes), which are the same for every run: the interval's
start names the crawl and is in the message's deduplication id. A dispatch that is killed after it sent and before it
recorded that sends the same message again, and a crawl of that name is done once. Each source's intervals begin at a
minute of its own, so that fifty outlets are not all crawled on the half hour.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from dateline import keys
from dateline.messages import CrawlMessage
from dateline.state import TableState
from spiders.registry import Source

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10  # messages that SQS takes at once
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class SendError(RuntimeError):
    """The queue did not take some messages; their sources stay due."""


class Dispatcher:
    """Sends crawl messages for those of its sources that are due."""

    def __init__(self, sources: Sequence[Source], *, state: TableState, sqs: "SQSClient", queue_url: str) -> None:
        self._sources = {source.id: source for source in sources}
        self._state, self._sqs, self._queue_url = state, sqs, queue_url

    def send_due(self, now: datetime) -> list[str]:
        """Send a message for each source that is due; their ids. SendError after the others are sent and recorded."""
        due = self._state.due(self._sources)
        waiting = iter(source for source in self._sources.values() if due.get(source.id, now) <= now)
        sent: list[str] = []
        refused: list[str] = []
        while batch := {source.id: source for source in islice(waiting, _BATCH)}:
            failed = self._send(batch, now)
            taken = {id: source for id, source in batch.items() if id not in failed}
            # Recorded only now: killed in between, the same messages are sent again.
            self._state.save_due({id: slot(source, now) + _interval(source) for id, source in taken.items()})
            sent += taken
            refused += failed
        if refused:
            raise SendError(f"the queue did not take the messages for {', '.join(refused)}")
        return sent

    def _send(self, batch: Mapping[str, Source], now: datetime) -> set[str]:
        """The ids of those that the queue did not take."""
        entries = list(_entries(batch, now))
        answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        ids = list(batch)
        return {ids[int(entry["Id"])] for entry in answer.get("Failed", ())}


def slot(source: Source, now: datetime) -> datetime:
    """The start of the source's interval in which ``now`` lies."""
    every = _interval(source)
    offset = timedelta(minutes=zlib.crc32(source.id.encode()) % source.every)
    return now - (now - _EPOCH - offset) % every


def _interval(source: Source) -> timedelta:
    return timedelta(minutes=source.every)


def _entries(batch: Mapping[str, Source], now: datetime) -> "Iterator[SendMessageBatchRequestEntryTypeDef]":
    for number, source in enumerate(batch.values()):
        crawl = keys.crawl_name(slot(source, now), "schedule")
        yield {
            "Id": str(number),
            "MessageBody": CrawlMessage(source=source.id, crawl=crawl).to_json(),
            "MessageGroupId": source.host,
            "MessageDeduplicationId": f"{source.id}-{crawl}",
        }
