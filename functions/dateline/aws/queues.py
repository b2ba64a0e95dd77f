"""Messages on the two SQS queues: bodies, message groups and deduplication ids are made here and nowhere else."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from dateline.messages import CrawlMessage, ReextractMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10  # messages per SendMessageBatch call, SQS's limit


def crawl_entry(message: CrawlMessage, host: str) -> dict[str, str]:
    """Return the SendMessage arguments of a crawl, grouped by host to prevent concurrent crawls of one."""
    return {
        "MessageBody": message.to_json(),
        "MessageGroupId": host,
        "MessageDeduplicationId": f"{message.source}-{message.crawl}",  # one host may have several sources
    }


def send_crawl(sqs: "SQSClient", message: CrawlMessage, *, queue: str, host: str) -> None:
    """Put a crawl on CrawlQueue (its URL), behind other crawls of the same host."""
    entry: Any = crawl_entry(message, host)
    sqs.send_message(QueueUrl=queue, **entry)


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
