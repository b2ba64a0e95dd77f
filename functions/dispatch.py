"""Dispatch: send a round of crawls to each shard with due sources, on a schedule."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws import clients
from dateline.settings import Settings
from dateline.sources import registry
from dateline.sources.crawl_shards import Shards
from dateline.state.rounds import Rounds
from dateline.state.table import TableState
from dateline.telemetry import logger, metrics
from spiders.runs.schedule import ROUND, Dispatcher


@cache
def dispatcher() -> Dispatcher:
    settings = Settings.from_environment()
    scheduled = {name for name in settings.scheduled.split(",") if name}
    registered = registry.registered(settings.sources).values()
    table = clients.table(settings.table)
    sources = [source for source in registered if source.crawlable and source.render == bool(settings.render)]
    return Dispatcher(
        [source for source in sources if not scheduled or source.id in scheduled],
        registered=registered,
        shards=Shards(settings.shards, "render-" if settings.render else ""),
        size=1 if settings.render else ROUND,  # a browser for each
        state=TableState(table),
        rounds=Rounds(table),
        sqs=clients.client("sqs"),
        queue_url=settings.crawl_queue,
    )


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[str]]:  # noqa: ARG001 (Lambda's signature)
    sent = dispatcher().send_due(datetime.now(UTC))
    metrics.add_metric(name="crawls_dispatched", unit=MetricUnit.Count, value=len(sent))
    logger.info("dispatched", extra={"sources": sent})
    return {"sources": sent}
