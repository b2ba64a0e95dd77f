"""Crawl: run the crawls of a round side by side for each message on CrawlQueue; store the responses as captures."""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws import clients, redelivery
from dateline.aws.deployment import Deployment
from dateline.messages import CrawlReport, RoundMessage
from dateline.settings import Settings
from dateline.sources import registry
from dateline.sources.registry import Source
from dateline.telemetry import logger, metrics
from spiders.runs.rounds import RoundRunner

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def sources() -> dict[str, Source]:
    return registry.registered(settings().sources)


@cache
def rounds() -> RoundRunner:
    return RoundRunner(sources(), Deployment.of_settings(settings()), sqs())


def sqs() -> "SQSClient":
    client: SQSClient = clients.client("sqs")
    return client


@cache
def processor() -> redelivery.RetryingFifoProcessor:
    return redelivery.RetryingFifoProcessor(sqs, settings().crawl_queue, logger)


def record_handler(record: SQSRecord, lambda_context: LambdaContext) -> None:
    left = lambda_context.get_remaining_time_in_millis() / 1000
    deadline, deliveries = time.monotonic() + left, int(record.attributes.approximate_receive_count)
    message = RoundMessage.from_json(record.body, group=record.attributes.message_group_id or "")
    redelivery.return_after(sqs(), settings().crawl_queue, record, left)
    with logger.append_context_keys(round=message.piece):
        for report in rounds().run(message, deliveries=deliveries, deadline=deadline):
            _count(report)


def _count(report: CrawlReport) -> None:
    counts = {"captured": report.captured, "known": report.known, "left": report.left, "failed": len(report.failures)}
    for what, pages in counts.items():
        metrics.add_metric(name=f"urls_{what}", unit=MetricUnit.Count, value=pages)
    feeds = sum(1 for visit in report.feeds if visit.error)
    metrics.add_metric(name="feeds_failed", unit=MetricUnit.Count, value=feeds)
    parked = report.reasons().get("parked", 0) > 0
    metrics.add_metric(name="sources_parked", unit=MetricUnit.Count, value=int(parked))
    named = {"source": report.source, "crawl": report.crawl, "captures": [*report.captures]}
    logger.info("crawled", extra={**named, "feeds_failed": feeds, **counts})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, record_handler, processor(), context)
