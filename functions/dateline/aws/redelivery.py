"""Batch processors with early redelivery of failed messages, before the queue's visibility timeout.

Lambda keeps a killed function's message invisible for the queue's timeout (30 minutes), but an error caught by the
handler is mostly a throttle or a short conflict.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dateline.messages import AGAIN

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST = 60  # seconds until the second delivery
_FACTOR = 4  # 1, 4, 16 and 30 minutes: an outage of three quarters of an hour outlives no message's five deliveries
_MARGIN = 30  # seconds from a function's end until its message is visible: Lambda may take a few to stop it
_LONGEST = 1800  # seconds; the queues' own visibility timeout

Client = Callable[[], "SQSClient"]


def delay(deliveries: int) -> int:
    """Return the seconds until the next delivery of a message, given its number of deliveries."""
    return int(min(FIRST * _FACTOR ** max(deliveries - 1, 0), _LONGEST))


def is_again(record: SQSRecord) -> bool:
    """Return whether a message was delivered before, as far as SQS and ``dateline redrive`` say."""
    return int(record.attributes.approximate_receive_count) > 1 or AGAIN in record.message_attributes


def return_soon(sqs: "SQSClient", queue: str, record: SQSRecord) -> None:
    """Make a failed message visible again after ``delay``; if SQS refuses, the queue's timeout stands."""
    _hide(sqs, queue, record, delay(int(record.attributes.approximate_receive_count)))


def return_after(sqs: "SQSClient", queue: str, record: SQSRecord, left: float) -> None:
    """Have a message delivered again soon after the end of a function with ``left`` seconds, should it be killed.

    Without this, a killed function's message stays invisible for the queue's timeout, six times the function's.
    """
    _hide(sqs, queue, record, min(int(left) + _MARGIN, _LONGEST))


def _hide(sqs: "SQSClient", queue: str, record: SQSRecord, seconds: int) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - the extract function starts its worker before boto3

    try:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=record.receipt_handle, VisibilityTimeout=seconds)
    except ClientError as error:
        Logger(service="dateline", child=True).warning("message not returned", extra={"reason": str(error)})


class _Returning:
    """Common part of the two processors; ``client`` creates the SQS client after a failed message."""

    _client: Client
    _queue: str

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Return the message to its queue soon, then note its failure."""
        return_soon(self._client(), self._queue, record)
        return super().failure_handler(record, exception)  # type: ignore[misc] # the processor's


class RetryingProcessor(_Returning, BatchProcessor):
    """Processor of a standard queue, named by its URL."""

    def __init__(self, client: Client, queue: str, logger: Any = None) -> None:
        super().__init__(event_type=EventType.SQS, logger=logger)
        self._client, self._queue = client, queue


class RetryingFifoProcessor(_Returning, SqsFifoPartialProcessor):
    """Processor of a FIFO queue, named by its URL."""

    def __init__(self, client: Client, queue: str, logger: Any = None) -> None:
        super().__init__(logger=logger)
        self._client, self._queue = client, queue
