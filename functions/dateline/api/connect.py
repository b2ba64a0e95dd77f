"""Connect to a deployed archive."""

from pathlib import Path
from typing import TYPE_CHECKING

from dateline.api.archive import Archive
from dateline.aws import stack as stacks
from dateline.aws.deployment import Deployment
from dateline.query.query import Query

if TYPE_CHECKING:
    from dateline.analysis.sql import Engine
    from dateline.search.query.find import Search


def connect(stack: str | None = None, *, folder: Path = stacks.FOLDER) -> Archive:
    """Return the archive of a deployed stack.

    ``stack`` is the CloudFormation stack's name on AWS; its region and credentials come from the AWS configuration.
    Without it, the archive is that of the local cloud in ``folder``, started by ``dateline up``.

    >>> archive = connect()
    >>> for story in archive.stories(source="sample-gazette", limit=1):
    ...     print(story.title)
    Harbour cranes return to work after two-week stoppage

    Raises NotConnectedError.
    """
    found = stacks.find(stack, folder)
    deployment = found.deployment()
    return Archive(Query(deployment), lambda: _search(deployment), lambda: _engine(found))


def _engine(found: stacks.DeployedStack) -> "Engine":
    from dateline.analysis.sql import Athena, DuckDb  # noqa: PLC0415 - for those who ask in SQL

    if found.endpoint:
        return DuckDb.of(found.client("s3"), found.outputs)
    return Athena.of(found.client("athena"), found.outputs)


def _search(deployment: Deployment) -> "Search":
    from dateline.search.index.cache import Cache  # noqa: PLC0415 - tantivy, for those who search
    from dateline.search.query.find import Search  # noqa: PLC0415

    bucket = deployment.archive_bucket
    return Search(deployment.s3, bucket, Cache.of_user(bucket))
