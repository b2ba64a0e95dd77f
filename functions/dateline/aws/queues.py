"""Messages on the two SQS queues: bodies, message groups and deduplication ids are made here and nowhere else."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from dateline.messages import ReextractMessage, RoundMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_ROUNDS = 4  # per call; a round of 200 crawls has up to 50 kB, and a call 256 kB
BATCH = 10  # messages per SendMessageBatch call, SQS's limit


def round_entry(message: RoundMessage) -> dict[str, str]:
    """Return the SendMessage arguments of a round, grouped by shard to prevent concurrent crawls of one host."""
    return {
        "MessageBody": message.to_json(),
        "MessageGroupId": message.shard,
        "MessageDeduplicationId": message.piece,
    }


def send_rounds(sqs: "SQSClient", messages: Iterable[RoundMessage], *, queue: str) -> list[RoundMessage]:
    """Put rounds on CrawlQueue (its URL), each behind the others of its shard; return the rejected ones."""
    left, rejected = iter(messages), list[RoundMessage]()
    while batch := list(islice(left, _ROUNDS)):
        entries: Any = [{"Id": str(number)} | round_entry(each) for number, each in enumerate(batch)]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        rejected += [batch[int(entry["Id"])] for entry in answer.get("Failed", ())]
    return rejected


def send_reextractions(sqs: "SQSClient", messages: Iterable[ReextractMessage], *, queue: str) -> int:
    """Put re-extractions on ExtractQueue (its URL) in their order, and return their number.

    Raises RuntimeError with SQS's reason if the queue rejects a message.
    """
    left, sent = iter(messages), 0
    while batch := list(islice(left, BATCH)):
        entries: Any = [{"Id": str(number), "MessageBody": each.to_json()} for number, each in enumerate(batch)]
        failed = sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Failed")
        if failed:
            raise RuntimeError(f"SQS rejected {len(failed)} of {len(batch)} messages: {failed[0].get('Message')}")
        sent += len(batch)
    return sent


def count_messages(sqs: "SQSClient", queue: str) -> int:
    """Return the number of a queue's messages, waiting or in progress, as SQS estimates it."""
    counts: Any = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])
