"""Extract: an S3 event on ExtractQueue names capture objects; each becomes articles, outcomes and index items.

A message of ``dateline reextract`` names one that is to become them anew.
"""

from collections import Counter
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.index import Index
from dateline.isolation import Isolated
from dateline.messages import ReextractMessage, captures_of
from dateline.reextract import Reextraction
from dateline.settings import Settings
from dateline.telemetry import logger, metrics, tracer

processor = BatchProcessor(event_type=EventType.SQS, logger=logger)  # type: ignore[arg-type] # one in all but name


@cache
def isolated() -> Isolated:
    settings = Settings.from_environment()
    by_rules = partial(extract, rulebook=Rulebook.shipped(settings.sources))
    return Isolated(by_rules, seconds=settings.page_seconds, memory=settings.page_memory)


@cache
def archive() -> Reextraction:
    settings = Settings.from_environment()
    return Reextraction(
        s3=boto3.client("s3"),
        index=Index(boto3.resource("dynamodb").Table(settings.table)),
        capture_bucket=settings.capture_bucket,
        archive_bucket=settings.archive_bucket,
        extract=isolated(),
    )


@tracer.capture_method(capture_response=False)
def record_handler(record: SQSRecord, lambda_context: LambdaContext) -> None:
    isolated().begin(lambda_context.get_remaining_time_in_millis() / 1000)
    if message := ReextractMessage.from_json(record.body):
        report = archive().again(message)
        changed = {"changed": len(report.changes), "given_up": report.given_up}
        logger.info("capture extracted again", extra={"key": message.key, "run": message.run, **changed})
        return
    for key in captures_of(record.body):
        pages = archive().add(key)
        outcomes = Counter(page.outcome.value for page in pages)
        for outcome, count in outcomes.items():
            metrics.add_metric(name=f"pages_{outcome}", unit=MetricUnit.Count, value=count)
        logger.info("capture archived", extra={"key": key, **outcomes})
        if missed := Counter(field for page in pages for field in page.rules_missed):
            logger.warning("rules found nothing", extra={"key": key, "fields": missed})


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, record_handler, processor, context)
