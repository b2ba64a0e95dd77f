"""Find a deployed stack: on AWS by its CloudFormation name, or the local cloud by the record in its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

    from dateline.aws.deployment import Deployment

FOLDER = Path(".dateline")  # of the local cloud
REGION, CREDENTIALS = "us-east-1", ("test", "test")  # the local cloud's; it takes any


class NotConnectedError(ConnectionError):
    """The stack was not found, or no local cloud runs; the message names the next step."""


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """The outputs of template.yaml as deployed; ``endpoint`` is the local cloud's address, or empty."""

    outputs: Mapping[str, str]
    endpoint: str = ""

    def client(self, service: str, **config: Any) -> Any:
        """Return a client of a service, with settings of botocore's ``Config``."""
        session, options = self._session(config)
        return session.client(service, **options)

    def table(self) -> "Table":
        session, options = self._session({})
        table: Table = session.resource("dynamodb", **options).Table(self.outputs["IndexTable"])
        return table

    def deployment(self) -> "Deployment":
        """Return the stack as the library takes it."""
        return deployment(self.client("s3"), self.table(), self.outputs)

    def _session(self, config: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """A session and client options; a local cloud is asked directly, whatever proxy is set."""
        import boto3  # noqa: PLC0415 - commands import what they need when they run
        from botocore.config import Config  # noqa: PLC0415

        if not self.endpoint:
            return boto3.Session(), {"config": Config(**config)}
        session = boto3.Session(*CREDENTIALS, region_name=REGION)
        return session, {"endpoint_url": self.endpoint, "config": Config(proxies={}, **config)}


def deployment(s3: "S3Client", table: "Table", outputs: Mapping[str, str]) -> "Deployment":
    """Return a stack as the library takes it, from its clients and the outputs of template.yaml."""
    from dateline.aws.deployment import Deployment, Queues  # noqa: PLC0415 - as above

    return Deployment(
        s3=s3,
        table=table,
        capture_bucket=outputs["CaptureBucket"],
        archive_bucket=outputs["ArchiveBucket"],
        queues=Queues(crawl=outputs.get("CrawlQueue", ""), extract=outputs.get("ExtractQueue", "")),
    )


def find(name: str | None, folder: Path = FOLDER) -> DeployedStack:
    """Return the stack of a name on AWS, or without one the local cloud in a folder.

    AWS's region and credentials come from its own configuration. Raises NotConnectedError.
    """
    return _on_aws(name) if name else _local(folder)


def _on_aws(name: str) -> DeployedStack:
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        [stack] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NotConnectedError(f"cannot find the stack {name} on AWS: {error}") from error
    return DeployedStack({output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])})


def _local(folder: Path) -> DeployedStack:
    record = folder / "cloud.json"
    found = json.loads(record.read_text("utf-8")) if record.exists() else {}
    if not found.get("outputs") or not _listens(found["port"]):
        raise NotConnectedError(f"no local cloud runs in {folder.resolve()}; start it with dateline up")
    return DeployedStack(found["outputs"], f"http://127.0.0.1:{found['port']}")


def _listens(port: int) -> bool:
    import socket  # noqa: PLC0415 - as above

    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
