"""Maintain: one shard of a maintenance run, for the state machine; on a schedule, the start of a packing run."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.article import Extraction
from dateline.aws import clients
from dateline.aws.deployment import Deployment
from dateline.extraction_worker import Isolated
from dateline.keys import crawl_names
from dateline.maintenance.jobs import Maintenance, Shard, plan, shards
from dateline.page import Page
from dateline.settings import Settings
from dateline.telemetry import logger, metrics

_RESERVE = 180_000  # milliseconds, more than a WARC file or the packing of a day takes


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def deployment() -> Deployment:
    return Deployment.of_settings(settings())


@cache
def isolated() -> Isolated:
    load, limits = partial(_load, settings().sources), settings()
    return Isolated(load, seconds=limits.page_seconds, memory=limits.page_memory)


def _load(sources: str) -> Callable[[Page], Extraction]:
    """Extraction by the sources' own rules."""
    from dateline.extraction import extract  # noqa: PLC0415 - in the process that extracts alone
    from dateline.extraction.rulebook import Rulebook  # noqa: PLC0415

    return partial(extract, rulebook=Rulebook.shipped(sources))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "job" not in event:
        return _start(datetime.fromisoformat(event["time"]) if event.get("time") else datetime.now(UTC))
    isolated().begin(context.get_remaining_time_in_millis() / 1000)
    shard = Shard(event["source"], event.get("month", ""))
    with logger.append_context_keys(source=shard.source, month=shard.month, run=event["run"], job=event["job"]):
        maintenance = Maintenance(deployment(), extract=isolated(), ids=event.get("ids", ()))
        going = partial(_has_time, context)
        result = maintenance.run(event["job"], event["run"], shard, going)
        logger.info("shard done" if result["done"] else "shard goes on", extra=_counts(result))
    return {"done": result["done"]} | _counts(result)


def _start(now: datetime) -> dict[str, Any]:
    """Start the night's packing run in the state machine."""
    run = crawl_names.crawl_name(now, "pack")
    wanted = [shard for shard in shards(deployment(), "pack") if shard.month <= f"{now:%Y-%m}"]
    metrics.add_metric(name="pack_shards", unit=MetricUnit.Count, value=len(wanted))
    if not wanted or not settings().maintain_machine:
        return {"run": run, "shards": 0}
    machine = clients.client("stepfunctions")
    asked = plan(deployment(), run, "pack", wanted)
    try:
        machine.start_execution(stateMachineArn=settings().maintain_machine, name=f"{run}-1", input=asked)
    except machine.exceptions.ExecutionAlreadyExists:
        logger.info("started before", extra={"run": run})
    return {"run": run, "shards": len(wanted)}


def _has_time(context: LambdaContext) -> bool:
    return context.get_remaining_time_in_millis() > _RESERVE


def _counts(result: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in result.items() if isinstance(value, int) and name != "done"}
