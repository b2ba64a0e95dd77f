"""The deployed Dateline of a command: the local cloud in ``./.dateline``, or a stack on AWS by name."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from dateline.aws import stack as stacks
from dateline.cli.terminal.output import CommandError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from dateline.aws.deployment import Deployment
    from dateline.query.query import Query
    from dateline.search.query.find import Search

STATE = stacks.FOLDER

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
    """A deployed Dateline: clients, and names from the outputs of template.yaml.

    ``sources`` is a folder of additional source files, ``endpoint`` the local cloud's address.
    """

    s3: "S3Client"
    sqs: "SQSClient"
    table: "Table"
    outputs: dict[str, str]
    sources: str = ""
    endpoint: str = ""

    @classmethod
    def find(cls, name: str | None) -> Self:
        """Return the stack named by a command's option. Raises CommandError with the next step."""
        try:
            found = stacks.find(name, STATE)
        except stacks.NotConnectedError as error:
            raise CommandError(str(error)) from error
        return cls(
            s3=found.client("s3"),
            sqs=found.client("sqs"),
            table=found.table(),
            outputs=dict(found.outputs),
            sources=str(STATE.resolve() / "newsroom" / "sources") if found.endpoint else "",
            endpoint=found.endpoint,
        )

    @property
    def capture_bucket(self) -> str:
        """The capture bucket's name."""
        return self.outputs["CaptureBucket"]

    @property
    def archive_bucket(self) -> str:
        """The archive bucket's name."""
        return self.outputs["ArchiveBucket"]

    def search(self) -> "Search":
        """Return the search of the archive's stories; its shards are cached in the user's cache folder."""
        from dateline.search.index.cache import Cache
        from dateline.search.query.find import Search

        return Search(self.s3, self.archive_bucket, Cache.of_user(self.archive_bucket))

    def client(self, service: str, *, timeout: float = 60) -> Any:
        """A client of another service; ``timeout`` is how many seconds an answer may take."""
        found = stacks.DeployedStack(self.outputs, self.endpoint)
        return found.client(service, read_timeout=timeout, retries={"total_max_attempts": 1})

    def query(self) -> "Query":
        from dateline.query.query import Query

        return Query(self.deployment)

    @property
    def deployment(self) -> "Deployment":
        """Return the stack as the library takes it."""
        return stacks.deployment(self.s3, self.table, self.outputs)
