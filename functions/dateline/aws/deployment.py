"""A deployed Dateline: one value in place of a client, a table and two bucket names."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from dateline.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Queues:
    """URLs of the two queues; empty for those that a function does not use."""

    crawl: str = ""
    extract: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The two buckets by name, the client that reads and writes them, the index's table, and the queues' URLs."""

    s3: "S3Client"
    table: "Table"
    capture_bucket: str
    archive_bucket: str
    queues: Queues = field(default_factory=Queues)

    @classmethod
    def of_settings(cls, settings: Settings) -> Self:
        """Return the deployment of a function, with clients of its region and role."""
        from dateline.aws import clients  # noqa: PLC0415 - only a function makes its clients here

        return cls(
            s3=clients.client("s3"),
            table=clients.table(settings.table),
            capture_bucket=settings.capture_bucket,
            archive_bucket=settings.archive_bucket,
            queues=Queues(crawl=settings.crawl_queue),
        )
