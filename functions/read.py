"""Read: the reading room, an HTTP API and pages over the archive, behind a function URL."""

from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.query.query import Query
from dateline.reader.app import Answer, answer
from dateline.reader.library import Library
from dateline.search.cache import Cache
from dateline.search.find import Search
from dateline.settings import Settings
from dateline.sources import registry
from dateline.telemetry import logger


@cache
def library() -> Library:
    settings, s3 = Settings.from_environment(), boto3.client("s3")
    table, archive = boto3.resource("dynamodb").Table(settings.table), settings.archive_bucket
    search = Search(s3, archive, Cache(Path(gettempdir()) / "search"))
    return Library(
        query=Query(table, s3, capture_bucket=settings.capture_bucket, archive_bucket=archive),
        search=lambda: search,
        s3=s3,
        archive_bucket=archive,
        registered=lambda: registry.registered(settings.sources),
    )


@cache
def answered() -> Answer:
    return answer(library())


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    found = answered()(event, context)
    logger.info("read", extra={"path": event["rawPath"], "status": found["statusCode"]})
    return found
