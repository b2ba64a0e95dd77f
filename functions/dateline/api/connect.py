"""Connect to a deployed archive."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dateline.api.archive import Archive
from dateline.aws.deployment import Deployment
from dateline.query.query import Query

if TYPE_CHECKING:
    from dateline.search.find import Search

_LOCAL = Path(".dateline")


class NotConnectedError(ConnectionError):
    """The stack was not found, or no local cloud runs; the message names the next step."""


def connect(stack: str | None = None, *, folder: Path = _LOCAL) -> Archive:
    """Return the archive of a deployed stack.

    ``stack`` is the CloudFormation stack's name on AWS; its region and credentials come from the AWS configuration.
    Without it, the archive is that of the local cloud in ``folder``, started by ``dateline up``.

    >>> archive = connect()
    >>> for story in archive.stories(source="sample-gazette", limit=1):
    ...     print(story.title)
    Harbour cranes return to work after two-week stoppage

    Raises NotConnectedError.
    """
    return _on_aws(stack) if stack else _local(folder)


def _on_aws(stack: str) -> Archive:
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NotConnectedError(f"cannot find the stack {stack} on AWS: {error}") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return _archive(boto3.Session(), outputs, None)


def _local(folder: Path) -> Archive:
    path = folder / "cloud.json"
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotConnectedError(f"there is no local cloud in {folder}; start one with: dateline up") from error
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", record["port"])):
            raise NotConnectedError(f"the local cloud in {folder} is stopped; start it with: dateline up")
    session = boto3.Session("test", "test", region_name="us-east-1")
    return _archive(session, record["outputs"], f"http://127.0.0.1:{record['port']}")


def _archive(session: boto3.Session, outputs: Mapping[str, str], endpoint: str | None) -> Archive:
    """Return the archive of a stack's outputs; a local ``endpoint`` is asked directly, whatever proxy is set."""
    config = Config(proxies={}) if endpoint else None
    table = session.resource("dynamodb", endpoint_url=endpoint, config=config).Table(outputs["IndexTable"])
    s3 = session.client("s3", endpoint_url=endpoint, config=config)
    deployment = Deployment(
        s3=s3, table=table, capture_bucket=outputs["CaptureBucket"], archive_bucket=outputs["ArchiveBucket"]
    )

    def search() -> "Search":
        from dateline.search.cache import Cache  # noqa: PLC0415 - tantivy, for those who search
        from dateline.search.find import Search  # noqa: PLC0415

        return Search(s3, outputs["ArchiveBucket"], Cache.of_user(outputs["ArchiveBucket"]))

    return Archive(Query(deployment), search)
