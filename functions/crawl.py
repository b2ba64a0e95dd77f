"""Crawl: run one crawl of one source per message on CrawlQueue, and store the responses as captures."""

import time
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws.queues import send_crawl
from dateline.aws.redelivery import RetryingFifoProcessor
from dateline.messages import CrawlMessage, CrawlReport
from dateline.monitoring.counting import Counters
from dateline.settings import Settings
from dateline.sources import registry
from dateline.sources.registry import Source
from dateline.state.table import TableState
from dateline.telemetry import logger, metrics
from spiders import runner
from spiders.stores import BucketStore


class UnknownSourceError(LookupError):
    """The message names a source missing from this deployment's registry."""


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def sources() -> dict[str, Source]:
    return registry.registered(settings().sources)


@cache
def processor() -> RetryingFifoProcessor:
    return RetryingFifoProcessor(lambda: boto3.client("sqs"), settings().crawl_queue, logger)


def record_handler(record: SQSRecord, lambda_context: LambdaContext) -> None:
    deadline = time.monotonic() + lambda_context.get_remaining_time_in_millis() / 1000
    message = CrawlMessage.from_json(record.body)
    with logger.append_context_keys(source=message.source, crawl=message.crawl):
        _count(crawl(message, deadline))


def _count(report: CrawlReport) -> None:
    counts = {"captured": report.captured, "known": report.known, "left": report.left, "failed": len(report.failures)}
    for what, pages in counts.items():
        metrics.add_metric(name=f"urls_{what}", unit=MetricUnit.Count, value=pages)
    feeds = sum(1 for visit in report.feeds if visit.error)
    metrics.add_metric(name="feeds_failed", unit=MetricUnit.Count, value=feeds)
    logger.info("crawled", extra={"feeds_failed": feeds, **counts})


def crawl(message: CrawlMessage, deadline: float) -> CrawlReport:
    """Run the source's spider against the deployed bucket and table; ``deadline`` is on the monotonic clock.

    Unfinished work is queued as a continuation behind other crawls of the host; if the host asked for a pause, dispatch
    sends it later. A crawl killed before sending it is delivered again, finds its report and sends it.
    """
    if message.source not in sources():
        raise UnknownSourceError(f"there is no source {message.source!r} in the registry")
    source, bucket = sources()[message.source], settings().capture_bucket
    store = BucketStore(boto3.client("s3"), bucket, source=message.source, crawl=message.crawl)
    table = boto3.resource("dynamodb").Table(settings().table)
    sharing = sum(other.host == source.host for other in sources().values())
    state = TableState(table)
    report = runner.run(message, source, store=store, state=state, deadline=deadline, sharing=sharing)
    Counters(table).add_crawl(report)
    if report.continued_by and not report.waits_until:
        rest = message.continued(report.continued_by)
        send_crawl(boto3.client("sqs"), rest, queue=settings().crawl_queue, host=source.host)
    return report


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, record_handler, processor(), context)
