"""Compact: on a schedule, the dataset's Parquet files brought up to the archive."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws.deployment import Deployment
from dateline.dataset.compaction import Compaction
from dateline.dataset.parts import Parts
from dateline.index.index import Index
from dateline.query.query import Query
from dateline.settings import Settings
from dateline.telemetry import logger, metrics

_RESERVE = 180_000  # milliseconds, more than one part takes


@cache
def compaction() -> Compaction:
    deployment = Deployment.of_settings(Settings.from_environment())
    s3, bucket, query = deployment.s3, deployment.archive_bucket, Query(deployment)
    parts = Parts(s3=s3, query=query, index=Index(deployment.table), bucket=bucket)
    return Compaction(s3=s3, query=query, parts=parts, bucket=bucket)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 (Lambda's signature)
    done = compaction().run(lambda: context.get_remaining_time_in_millis() > _RESERVE)
    counts = {"partitions": done.partitions, "written": done.written, "left": done.left, "unread": len(done.unread)}
    for name, count in counts.items():
        metrics.add_metric(name=f"dataset_{name}", unit=MetricUnit.Count, value=count)
    logger.info("compacted", extra=counts | {"unread_ids": done.unread})
    return counts
