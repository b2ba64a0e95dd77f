"""Read: the reading room, an HTTP API and pages over the archive, behind a function URL."""

from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws.deployment import Deployment
from dateline.reader.app import Answer, answer
from dateline.reader.library import Library
from dateline.search.cache import Cache
from dateline.search.find import Search
from dateline.settings import Settings
from dateline.sources import registry
from dateline.telemetry import logger


@cache
def library() -> Library:
    settings = Settings.from_environment()
    deployment = Deployment.of_settings(settings)
    search = Search(deployment.s3, deployment.archive_bucket, Cache(Path(gettempdir()) / "search"))
    return Library(deployment, lambda: search, lambda: registry.registered(settings.sources))


@cache
def answered() -> Answer:
    return answer(library())


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    found = answered()(event, context)
    logger.info("read", extra={"path": event["rawPath"], "status": found["statusCode"]})
    return found
