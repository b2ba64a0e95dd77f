"""Dead letters: messages that failed five times, and positions of the table's stream that failed for six hours.

Returned messages go back to the queue that they came from; each stage repeats finished work without a change. A
position is told again: the records that the function missed, from the stream within a day, later from the table.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, assert_never

from dateline.aws.queues import count_messages
from dateline.messages import AGAIN, CrawlMessage, ReextractMessage, RoundMessage, captures_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Kind = Literal["crawl", "extract", "events", "search"]
KINDS: tuple[Kind, ...] = ("crawl", "extract", "events", "search")
_AT_ONCE = 10  # SQS's limit of ReceiveMessage
_HIDDEN = 600  # seconds until a message that was taken is visible again, whatever happens to this process
_POLL = 1  # seconds; a long poll asks all of SQS's servers, a short one only some

Tell = Callable[["Position"], int]


class UnreadableLetterError(ValueError):
    """A dead letter is nothing that its queue takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A range of a shard of the table's stream. ``since`` and ``until`` are arrivals (UTC) of its end records."""

    stream: str
    shard: str
    first: str
    last: str
    since: datetime
    until: datetime
    records: int

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read Lambda's message on a discarded batch. Raises UnreadableLetterError."""
        try:
            batch = json.loads(text)["DDBStreamBatchInfo"]
            return cls(
                stream=batch["streamArn"],
                shard=batch["shardId"],
                first=batch["startSequenceNumber"],
                last=batch["endSequenceNumber"],
                since=datetime.fromisoformat(batch["approximateArrivalOfFirstRecord"]).astimezone(UTC),
                until=datetime.fromisoformat(batch["approximateArrivalOfLastRecord"]).astimezone(UTC),
                records=int(batch["batchSize"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableLetterError(f"not a stream position: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message of a dead-letter queue; ``sent_at`` (UTC) is its first sending. FIFO queues have a ``group``."""

    id: str
    kind: Kind
    body: str
    receipt: str
    sent_at: datetime
    group: str | None = None
    deduplication: str | None = None

    @property
    def meaning(self) -> str:
        """What was to be done. Raises UnreadableLetterError."""
        try:
            return self._meaning()
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableLetterError(f"not a message of this queue: {error}") from error

    def _meaning(self) -> str:
        match self.kind:
            case "crawl":
                return _round(RoundMessage.from_json(self.body, group=self.group or ""))
            case "extract":
                return _extract(self.body)
            case "events" | "search":
                return _position(Position.from_json(self.body))
        assert_never(self.kind)


def _round(message: RoundMessage) -> str:
    return "; ".join(map(_crawl, message.crawls))


def _crawl(message: CrawlMessage) -> str:
    days = "".join(f", {end} {day}" for end, day in (("since", message.since), ("until", message.until)) if day)
    rest = f", rest of {message.continues}" if message.continues else ""
    return f"crawl of {message.source}: {message.crawl}{days}{rest}"


def _extract(body: str) -> str:
    if message := ReextractMessage.from_json(body):
        return f"re-extraction {message.run} of {message.key}"
    found = captures_of(body)
    if not found:
        raise UnreadableLetterError("it names no WARC file")
    return f"extraction of {', '.join(found)}"


def _position(position: Position) -> str:
    first, last = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (position.since, position.until))
    return f"{position.records} change{'s' if position.records > 1 else ''} of the table, {first} to {last}"


class DeadLetters:
    """A dead-letter queue, named by its URL; ``to`` is the URL of the queue for returned messages."""

    def __init__(self, sqs: "SQSClient", kind: Kind, queue: str, *, to: str = "") -> None:
        self._sqs, self.kind, self._queue, self._to = sqs, kind, queue, to

    def count(self) -> int:
        """Return the number of dead letters, as SQS estimates it."""
        return count_messages(self._sqs, self._queue)

    def take(self) -> Iterator[DeadLetter]:
        """Yield the dead letters, hidden from others for ten minutes."""
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=_HIDDEN,
                WaitTimeSeconds=_POLL,
                AttributeNames=["All"],
            )
            if not (messages := answer.get("Messages")):
                return
            for message in messages:
                yield self._read(message)

    def look(self) -> list[DeadLetter]:
        """Return the dead letters and leave them; of a group of a FIFO queue, at most ten."""
        found = list(self.take())
        for letter in found:
            self.keep(letter)
        return found

    def keep(self, letter: DeadLetter) -> None:
        """Make a letter visible again."""
        self._sqs.change_message_visibility(QueueUrl=self._queue, ReceiptHandle=letter.receipt, VisibilityTimeout=0)

    def drop(self, letter: DeadLetter) -> None:
        """Delete a letter for good."""
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=letter.receipt)

    def give_back(self, letter: DeadLetter, tell: Tell) -> None:
        """Return a message to its queue, or have ``tell`` tell a position again; then delete the letter.

        Raises UnreadableLetterError; whatever is raised, the letter stays.
        """
        assert letter.meaning  # noqa: S101 - it raises for a message that would only fail again
        if letter.kind in ("events", "search"):
            tell(Position.from_json(letter.body))
        else:
            fifo: Any = {"MessageGroupId": letter.group, "MessageDeduplicationId": letter.deduplication}
            self._sqs.send_message(
                QueueUrl=self._to,
                MessageBody=letter.body,
                MessageAttributes={AGAIN: {"DataType": "String", "StringValue": "true"}},
                **(fifo if letter.group else {}),
            )
        self.drop(letter)

    def _read(self, message: Any) -> DeadLetter:
        attributes = message["Attributes"]
        return DeadLetter(
            id=message["MessageId"],
            kind=self.kind,
            body=message["Body"],
            receipt=message["ReceiptHandle"],
            sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
            group=attributes.get("MessageGroupId"),
            deduplication=attributes.get("MessageDeduplicationId"),
        )


def names(kinds: Sequence[Kind]) -> dict[Kind, tuple[str, str]]:
    """Return the stack's outputs with the dead-letter queue and the target: a queue, or a function to tell again."""
    targets = {"crawl": "CrawlQueue", "extract": "ExtractQueue", "events": "EventsFunction", "search": "SearchFunction"}
    return {kind: (f"{kind.title()}DeadLetters", targets[kind]) for kind in kinds}
