"""Coverage: write reports for days with changed counters, and metrics of the last day, on a schedule."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline import instants
from dateline.aws import clients
from dateline.aws.deployment import Deployment
from dateline.monitoring.coverage import Row
from dateline.monitoring.coverage_reports import CoverageReports
from dateline.settings import Settings
from dateline.telemetry import logger, metrics

_RESERVE = 60_000  # milliseconds, more than a month of reports takes


@cache
def reports() -> CoverageReports:
    return CoverageReports(Deployment.of_settings(Settings.from_environment()))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[str]]:
    now = datetime.fromisoformat(event["time"]) if event.get("time") else datetime.now(UTC)
    yesterday, written = instants.utc(now - timedelta(days=1))[:10], []
    for day, rows in reports().update(now, lambda: context.get_remaining_time_in_millis() > _RESERVE):
        written.append(day)
        if day == yesterday:
            _tell(rows, context.function_name)
    metrics.add_metric(name="coverage_reports", unit=MetricUnit.Count, value=len(written))
    metrics.add_metric(name="coverage_left", unit=MetricUnit.Count, value=reports().state.left)
    logger.info("covered", extra={"days": written, "left": reports().state.left})
    return {"days": written}


def _tell(rows: Sequence[Row], function: str) -> None:
    """Emit a metric for each flag of a source, and one for all sources with the flag."""
    flagged = [(flag, row.day.source) for row in rows for flag in row.flags]
    for flag, count in Counter(flag for flag, _ in flagged).items():
        _add(f"sources_{flag}", count, function_name=function)
    for flag, source in flagged:
        logger.warning("flagged", extra={"source": source, "flag": flag})
        _add(f"source_{flag}", 1, function_name=function, source=source)
    _name_silent([row for row in rows if "silent" in row.flags])


def _name_silent(rows: Sequence[Row]) -> None:
    """Send the names of silent sources to the topic of alarms, since an alarm cannot contain them."""
    topic = Settings.from_environment().alarm_topic
    if not (rows and topic):
        return
    lines = [f"{row.day.source}: no story for {row.silent_days} days; usual: under {row.silent_after}" for row in rows]
    subject = f"Dateline: {len(rows)} silent source{'s' if len(rows) > 1 else ''} on {rows[0].day.date}"
    text = "\n".join([*lines, "", "Runbook: docs/operate.md#sources-are-silent"])
    clients.client("sns").publish(TopicArn=topic, Subject=subject, Message=text)


def _add(name: str, value: int, **dimensions: str) -> None:
    options = {"namespace": metrics.namespace, "default_dimensions": dimensions}
    with single_metric(name, MetricUnit.Count, value, **options):
        pass
