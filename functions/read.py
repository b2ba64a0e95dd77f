"""Read: the reading room, an HTTP API and pages over the archive, behind a function URL."""

import time
from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws import clients
from dateline.aws.deployment import Deployment
from dateline.reader.app import Answer, answer
from dateline.reader.callers.access import Access
from dateline.reader.callers.guard import Guard
from dateline.reader.callers.throttle import Throttle
from dateline.reader.callers.tokens import Tokens
from dateline.reader.library import Library
from dateline.search.index.cache import Cache
from dateline.search.query.find import Search
from dateline.settings import Settings
from dateline.sources import registry
from dateline.telemetry import logger

_KEPT = 1_800_000_000  # bytes of the search index, of the 2 GB of ephemeral storage
_BURST = 10  # seconds' worth of requests at once: a page has a style sheet and a frame


@cache
def library() -> Library:
    settings = Settings.from_environment()
    deployment = Deployment.of_settings(settings)
    search = Search(deployment.s3, deployment.archive_bucket, Cache(Path(gettempdir()) / "search", _KEPT))
    return Library(deployment, lambda: search, lambda: registry.registered(settings.sources))


@cache
def guard() -> Guard:
    wanted = Settings.from_environment()
    tokens = None
    if wanted.read_issuer:
        issuer, audience, jwks = wanted.read_issuer, wanted.read_audience, wanted.read_jwks
        tokens = Tokens(issuer=issuer, audience=audience, jwks=jwks, clock=time.time)
    key = partial(secret, wanted.read_key) if wanted.read_key else None
    access = Access(tokens, key, time.time) if tokens or key else None
    return Guard(access, Throttle(wanted.read_rate, int(wanted.read_rate * _BURST), time.monotonic))


@cache
def secret(name: str) -> bytes:
    """The key of signed links; a replaced one is in use once the environments are new."""
    return str(clients.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]).encode()


@cache
def answered() -> Answer:
    return answer(library(), guard())


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    found = answered()(event, context)
    logger.info("read", extra={"path": event["rawPath"], "status": found["statusCode"]})
    return found
