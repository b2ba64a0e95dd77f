"""Search: the records of the table's stream become small parts of the search index and fire watches.

A schedule merges the parts and mails the watches' hits.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws import clients
from dateline.aws.deployment import Deployment
from dateline.index.index import Index
from dateline.query.query import Query
from dateline.search.index.cache import Cache
from dateline.search.index.compaction import Compaction
from dateline.search.index.indexing import Changes, Indexing, changes
from dateline.search.watching.mails import Mails
from dateline.search.watching.watches import Watching
from dateline.settings import Settings
from dateline.telemetry import logger, metrics

_RESERVE = 60_000  # milliseconds, more than merging the parts of one month takes


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def indexing() -> Indexing:
    deployment = Deployment.of_settings(settings())
    query, bucket = Query(deployment), deployment.archive_bucket
    watching = Watching(deployment.s3, deployment.table, bucket)
    return Indexing(
        s3=deployment.s3, index=Index(deployment.table), bucket=bucket, read=query.article, fire=watching.fire
    )


@cache
def mails() -> Mails | None:
    if not settings().watch_topic:
        return None
    sns, deployment = clients.client("sns"), Deployment.of_settings(settings())
    return Mails(deployment, sns, settings().watch_topic)


@cache
def compaction() -> Compaction:
    cache = Cache(Path(gettempdir()) / "search")
    return Compaction(s3=clients.client("s3"), bucket=settings().archive_bucket, cache=cache)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE

    if "Records" in event:
        changed = changes(DynamoDBStreamEvent(event).records)
        counts, articles = index(changed, has_time), [*changed]
    else:
        done = compaction().run(has_time=has_time)
        sender = mails()
        counts = {"merged": done.merged, "deleted": done.deleted, "mails": sender.send() if sender else 0}
        articles = []
    for name, count in counts.items():
        metrics.add_metric(name=f"search_{name}", unit=MetricUnit.Count, value=count)
    logger.info("indexed for search", extra=counts | {"articles": articles})
    return counts


def index(changed: Changes, has_time: Callable[[], bool]) -> dict[str, int]:
    """Index changes, then merge the small parts of the changed months if there are many."""
    done = indexing().index(changed)
    months = {month for found in changed.values() for month in found}
    merged = sum(compaction().merge(month) for month in sorted(months) if has_time())
    return {"stories": done.stories, "parts": done.parts, "hits": done.hits, "merged": merged}
