"""Stamp: on a schedule, the Merkle trees of whole days, their roots' signatures and timestamps."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from dateline.aws import clients
from dateline.proofs.authorities import addresses
from dateline.proofs.signing import signer
from dateline.proofs.stamps import Stamps, trusted
from dateline.proofs.trees import Trees
from dateline.settings import Settings
from dateline.telemetry import logger, metrics


@cache
def settings() -> Settings:
    return Settings.from_environment()


def s3() -> Any:
    return clients.client("s3")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (Lambda's signature)
    now = datetime.fromisoformat(event["time"]) if event.get("time") else datetime.now(UTC)
    bucket = settings().capture_bucket
    written = Trees(s3(), bucket).write(now.astimezone(UTC).date() - timedelta(days=1))
    authorities = trusted(s3(), bucket, addresses(settings().timestamp_authorities))
    stamps = Stamps(s3(), bucket, signer=signer(settings().signing_key), authorities=authorities)
    stamped = stamps.add(now)
    for reasons in stamped.failures.values():
        logger.warning("root not stamped", extra={"reasons": reasons})
    counts = {
        "days": len(written.days),
        "records": written.records,
        "damaged": written.damaged,
        "signed": stamped.signed,
        "stamped": stamped.stamped,
        "promised": stamped.promised,
        "unstamped": sum(map(len, stamped.failures.values())),
    }
    for name, count in counts.items():
        metrics.add_metric(name=f"proofs_{name}", unit=MetricUnit.Count, value=count)
    logger.info("stamped", extra=counts)
    return counts
