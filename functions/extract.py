"""Extract: turn WARC files named by S3 events on ExtractQueue into articles, outcomes and index items.

A message of ``dateline reextract`` requests a new extraction of one file.

Two processes import in parallel: the extracting one loads trafilatura, this one boto3. ``warm`` starts both while
Lambda initialises an environment, before the first message.
"""

import os
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.article import Extraction, Outcome
from dateline.aws import redelivery
from dateline.aws.redelivery import RetryingProcessor
from dateline.extraction_worker import Isolated
from dateline.keys import object_keys
from dateline.messages import ReextractMessage, captures_of
from dateline.page import Page
from dateline.settings import Settings
from dateline.telemetry import logger, metrics

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from dateline.archive.writer import ArchiveWriter
    from dateline.maintenance.reextract import Reextraction


def warm() -> None:
    """Load everything needed for a message."""
    isolated().start()
    archive()
    isolated().ready()


@cache
def isolated() -> Isolated:
    settings = Settings.from_environment()
    return Isolated(partial(_load, settings.sources), seconds=settings.page_seconds, memory=settings.page_memory)


def _load(sources: str) -> Callable[[Page], Extraction]:
    """Extraction by the sources' own rules, which has seen a page: some of what it needs is read at the first."""
    from dateline.extraction import extract  # noqa: PLC0415 - in the process that extracts alone
    from dateline.extraction.rulebook import Rulebook  # noqa: PLC0415

    by_rules = partial(extract, rulebook=Rulebook.shipped(sources))
    by_rules(Page(url="https://news.example/", body=b"<h1>Tripoli</h1><p>Posted on 16 April 2019.</p>" * 20))
    return by_rules


@cache
def archive() -> "ArchiveWriter":
    from dateline.archive.writer import ArchiveWriter  # noqa: PLC0415 - while the other process loads
    from dateline.aws.deployment import Deployment  # noqa: PLC0415
    from dateline.index.index import Index  # noqa: PLC0415

    deployment = Deployment.of_settings(Settings.from_environment())
    return ArchiveWriter(deployment=deployment, index=Index(deployment.table, remember=True), extract=isolated())


@cache
def reextraction() -> "Reextraction":
    from dateline.maintenance.reextract import Reextraction  # noqa: PLC0415 - rarely needed

    return Reextraction(archive())


@cache
def processor() -> RetryingProcessor:
    return RetryingProcessor(_sqs, Settings.from_environment().extract_queue, logger)


def _sqs() -> "SQSClient":
    from dateline.aws import clients  # noqa: PLC0415 - loaded by then

    client: SQSClient = clients.client("sqs")
    return client


def record_handler(record: SQSRecord, lambda_context: LambdaContext) -> None:
    isolated().begin(lambda_context.get_remaining_time_in_millis() / 1000)
    if message := ReextractMessage.from_json(record.body):
        with logger.append_context_keys(**object_keys.of_capture(message.key)):
            _reextract(message)
        return
    again = redelivery.is_again(record)
    for key in captures_of(record.body):
        with logger.append_context_keys(**object_keys.of_capture(key)):
            _archive(key, again=again)


def _reextract(message: ReextractMessage) -> None:
    report = reextraction().reextract(message)
    changed = {"changed": len(report.changes), "given_up": report.given_up}
    logger.info("capture extracted again", extra={"run": message.run, **changed})


def _archive(key: str, *, again: bool) -> None:
    pages = archive().add(key, again=again)
    outcomes = dict(Counter(page.outcome.value for page in pages))
    for outcome, count in outcomes.items():
        metrics.add_metric(name=f"pages_{outcome}", unit=MetricUnit.Count, value=count)
    articles = [page.id for page in pages if page.outcome is Outcome.ARCHIVED]
    logger.info("capture archived", extra=outcomes | {"articles": articles})
    if missed := Counter(field for page in pages for field in page.rules_missed):
        logger.warning("rules found nothing", extra={"fields": missed})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, record_handler, processor(), context)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    warm()
