"""The deployed Dateline of a command: the local cloud in ``./.dateline``, or a stack on AWS by name."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from dateline.aws.deployment import Deployment, Queues
from dateline.cli.output import CommandError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from dateline.query.query import Query
    from dateline.search.find import Search

STATE = Path(".dateline")
REGION, CREDENTIALS = "us-east-1", ("test", "test")  # the local cloud's; it takes any

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
        return cls.on_aws(name) if name else cls.local()

    @classmethod
    def local(cls) -> Self:
        """Return the local cloud running in ``./.dateline``, from the record kept by ``dateline up``."""
        port, outputs = _running(STATE)
        endpoint = f"http://127.0.0.1:{port}"
        session, options = _direct(endpoint)
        return cls(
            s3=session.client("s3", **options),
            sqs=session.client("sqs", **options),
            table=session.resource("dynamodb", **options).Table(outputs["IndexTable"]),
            outputs=outputs,
            sources=str(STATE.resolve() / "newsroom" / "sources"),
            endpoint=endpoint,
        )

    @classmethod
    def on_aws(cls, name: str) -> Self:
        """Return the stack of a name in the account and region of the AWS configuration."""
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

    def search(self) -> "Search":
        """Return the search of the archive's stories; its shards are cached in the user's cache folder."""
        from dateline.search.cache import Cache
        from dateline.search.find import Search

        return Search(self.s3, self.archive, Cache.of_user(self.archive))

    def client(self, service: str, *, timeout: float = 60) -> Any:
        """A client of another service; ``timeout`` is how many seconds an answer may take."""
        import boto3
        from botocore.config import Config

        patient = Config(read_timeout=timeout, retries={"total_max_attempts": 1})
        session, options = _direct(self.endpoint) if self.endpoint else (boto3.Session(), {"config": Config()})
        return session.client(service, **options | {"config": options["config"].merge(patient)})  # type: ignore[call-overload]

    def query(self) -> "Query":
        from dateline.query.query import Query

        return Query(self.deployment)

    @property
    def deployment(self) -> Deployment:
        """Return the stack as the library takes it."""
        queues = Queues(crawl=self.outputs.get("CrawlQueue", ""), extract=self.outputs.get("ExtractQueue", ""))
        return Deployment(
            s3=self.s3, table=self.table, capture_bucket=self.captures, archive_bucket=self.archive, queues=queues
        )


def _direct(endpoint: str) -> tuple[Any, dict[str, Any]]:
    """Return a session and client options for a local cloud, asked directly whatever proxy is set."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(*CREDENTIALS, region_name=REGION)
    return session, {"endpoint_url": endpoint, "config": Config(proxies={})}


def _running(folder: Path) -> tuple[int, dict[str, str]]:
    """Return the port and the stack's outputs of the local cloud in a folder, from the record that it keeps there.

    Raises CommandError if none is deployed or nothing listens on its port.
    """
    record = folder / "cloud.json"
    found = json.loads(record.read_text("utf-8")) if record.exists() else {}
    if not found.get("outputs") or not _listens(found["port"]):
        raise CommandError(f"no local cloud runs in {folder.resolve()}; start it with dateline up")
    return found["port"], found["outputs"]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
