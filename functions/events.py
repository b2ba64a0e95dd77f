"""Events: the records of the table's stream become events on the bus."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline import events
from dateline.aws import clients
from dateline.keys import object_keys
from dateline.settings import Settings
from dateline.telemetry import logger, metrics


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def bus() -> events.Bus:
    client, name = clients.client("events"), settings().event_bus
    return events.Bus(client, name, archive=settings().archive_bucket, captures=settings().capture_bucket)


def _source(story: Mapping[str, Any]) -> dict[str, str]:
    """The keys of a story's capture; of a withdrawn one, its source alone."""
    return (
        object_keys.of_capture(story["capture"]["key"]) if "capture" in story else {"source": story.get("source", "")}
    )


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 (Lambda's signature)
    news = list(events.of_records(DynamoDBStreamEvent(event).records))
    heard = bus().heard()
    if heard:
        bus().put(news, events.spans(clients.client("s3"), settings().archive_bucket))
    told = dict(Counter[str](each.kind for each in news))
    for kind, count in told.items():
        metrics.add_metric(name=kind.replace(".", "_"), unit=MetricUnit.Count, value=count)
    for each in news:
        logger.info(
            "event sent" if heard else "event without a rule",
            extra={"event": each.kind, "article": each.story["id"], **_source(each.story)},
        )
    return told
