"""Events: the records of the table's stream become events on the bus."""

from collections import Counter
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline import events
from dateline.settings import Settings
from dateline.telemetry import logger, metrics


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def bus() -> events.Bus:
    client, name = boto3.client("events"), settings().event_bus
    return events.Bus(client, name, archive=settings().archive_bucket, captures=settings().capture_bucket)


@cache
def s3() -> Any:
    return boto3.client("s3")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 (Lambda's signature)
    news = list(events.of_records(DynamoDBStreamEvent(event).records))
    bus().put(news, events.spans(s3(), settings().archive_bucket))
    told = dict(Counter[str](each.kind for each in news))
    for kind, count in told.items():
        metrics.add_metric(name=kind.replace(".", "_"), unit=MetricUnit.Count, value=count)
    for each in news:
        logger.info("event sent", extra={"event": each.kind, "article": each.id, "source": each.story.get("source")})
    return told
