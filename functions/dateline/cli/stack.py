"""Which deployed Dateline a command talks to: the local cloud in ``./.dateline``, or a stack on AWS by its name."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from dateline.cli.output import CommandError
from dateline.query.query import Query

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

STATE = Path(".dateline")

StackName = Annotated[
    str | None,
    typer.Option(
        "--stack",
        envvar="DATELINE_STACK",
        help="The stack on AWS, by its CloudFormation name; without it, the local cloud in ./.dateline.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed Dateline: clients, and the names that template.yaml's outputs give.

    ``sources`` is a folder of source files beside those that are shipped.
    """

    s3: "S3Client"
    sqs: "SQSClient"
    table: "Table"
    outputs: dict[str, str]
    sources: str = ""

    @classmethod
    def find(cls, name: str | None) -> Self:
        """The stack that a command was asked for; CommandError says how to come by one."""
        return cls.on_aws(name) if name else cls.local()

    @classmethod
    def local(cls) -> Self:
        """The local cloud that runs in ``./.dateline``."""
        try:
            from infra.local import LocalCloudError, connect
        except ModuleNotFoundError as error:
            raise CommandError("the local cloud is part of a checkout; --stack NAME asks one on AWS") from error
        try:
            cloud = connect(STATE)
        except LocalCloudError as error:
            raise CommandError(str(error)) from error
        return cls(
            s3=cloud.client("s3"),
            sqs=cloud.client("sqs"),
            table=cloud.resource("dynamodb").Table(cloud.outputs["IndexTable"]),
            outputs=dict(cloud.outputs),
            sources=str(cloud.sources),
        )

    @classmethod
    def on_aws(cls, name: str) -> Self:
        """The stack of that name in the account and region that the AWS configuration gives."""
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"cannot find the stack {name} on AWS: {error}") from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        table = boto3.resource("dynamodb").Table(outputs["IndexTable"])
        return cls(s3=boto3.client("s3"), sqs=boto3.client("sqs"), table=table, outputs=outputs)

    @property
    def captures(self) -> str:
        """The capture bucket's name."""
        return self.outputs["CaptureBucket"]

    @property
    def archive(self) -> str:
        """The archive bucket's name."""
        return self.outputs["ArchiveBucket"]

    def query(self) -> Query:
        return Query(self.table, self.s3, capture_bucket=self.captures, archive_bucket=self.archive)
