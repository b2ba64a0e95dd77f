"""AWS in process, made as template.yaml says."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load
from moto import mock_aws
from mypy_boto3_dynamodb.service_resource import Table
from mypy_boto3_s3 import S3Client

from dateline.aws import clients
from dateline.aws.deployment import Deployment
from dateline.maintenance.rebuild import delete_index
from infra.local.cloud import Cloud, down, up
from infra.local.processes import OWNER
from infra.local.record import Record
from tests.support import quick_moto
from tests.support.checkout import Checkout

ROOT = Path(__file__).parents[1]
CLOUD_SECONDS = 900  # the first of its tests builds and deploys as well: 76 s of CPU, 300 s at a load of 15


@dataclass(frozen=True, kw_only=True)
class Aws:
    """The two buckets and the table, in moto."""

    s3: S3Client
    table: Table
    captures: str = "captures"
    archive: str = "archive"

    @property
    def deployment(self) -> Deployment:
        """The same as the library takes it."""
        return Deployment(s3=self.s3, table=self.table, capture_bucket=self.captures, archive_bucket=self.archive)

    def on_call(self, when: str, do: Callable[..., None]) -> None:
        """Have ``do`` called ``before-call`` or ``after-call`` of each call to S3 and DynamoDB."""
        for client in (self.s3, self.table.meta.client):
            client.meta.events.register(when, do)

    def off_call(self, when: str, do: Callable[..., None]) -> None:
        for client in (self.s3, self.table.meta.client):
            client.meta.events.unregister(when, do)

    def clear_archive(self) -> None:
        """Empty the archive bucket and the table."""
        for item in self.s3.list_objects_v2(Bucket=self.archive).get("Contents", []):
            self.s3.delete_object(Bucket=self.archive, Key=item["Key"])
        self.clear_table()

    def clear_table(self) -> None:
        """Empty the index: the table, and the due times."""
        delete_index(self.deployment)


def pytest_configure() -> None:
    """Stop where the installation is older than pyproject.toml: commands would be missing. Spare moto work."""
    if not entry_points(group="dateline.commands"):
        pytest.exit("the installation has no dateline.commands; run make .venv/ready", returncode=4)
    os.environ.setdefault(OWNER, str(os.getpid()))  # of local clouds: workers have the main process's
    quick_moto.patch(pytest.MonkeyPatch())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: gzip bodies hold the second of their making, and workers must collect alike."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several workers run: one for all of the tests on the local cloud, and one for each other module.

    The cloud's come first, because they take as long as all others.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group("cloud" if on_cloud(item) else item.nodeid.partition("::")[0]))
        if on_cloud(item):
            item.add_marker(pytest.mark.timeout(CLOUD_SECONDS))
    items.sort(key=lambda item: not on_cloud(item))


def on_cloud(item: pytest.Item | None) -> bool:
    return "cloud_folder" in getattr(item, "fixturenames", ())


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the local cloud after the last of its tests: it polls its queues as long as it runs."""
    folder = getattr(item, "funcargs", {}).get("cloud_folder")
    if folder and not on_cloud(nextitem):
        down(folder, progress=quiet)


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what stays, which is most of it: it takes a fifth of the time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # or libraries tell at the end of all that was not freed


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as it stands, intrinsic functions as mappings."""
    return dict(load(str(ROOT / "template.yaml")))


@pytest.fixture
def aws(template: dict[str, Any]) -> Iterator[Aws]:
    with emulated(template) as emulated_aws:
        yield emulated_aws


@contextmanager
def emulated(template: dict[str, Any]) -> Iterator[Aws]:
    """The two buckets and the table of the template."""
    shape = template["Resources"]["IndexTable"]["Properties"]
    wanted = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for made in (clients.session, clients.client, clients.table):
            made.cache_clear()
        s3 = boto3.client("s3")
        for bucket in ("captures", "archive"):
            s3.create_bucket(Bucket=bucket)
        table = boto3.resource("dynamodb").create_table(TableName="index", **{name: shape[name] for name in wanted})
        yield Aws(s3=s3, table=table)


def quiet(_: str) -> None:
    """What the local cloud is doing, told to nobody."""


@pytest.fixture(scope="session")
def cloud_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a local cloud that the tests marked ``cloud`` share, deployed from this tree."""
    folder = tmp_path_factory.mktemp("checkout") / ".dateline"
    try:
        up(folder, progress=quiet)
        yield folder
    finally:
        down(folder, progress=quiet)


@pytest.fixture
def cloud(cloud_folder: Path) -> Cloud:
    """The local cloud, running and current, whatever the test before did to it."""
    return up(cloud_folder, progress=quiet)


@pytest.fixture
def checkout(cloud: Cloud) -> Checkout:
    return Checkout(cloud)


@pytest.fixture
def emptied(checkout: Checkout) -> Checkout:
    """The checkout that the tests share, with nothing in its cloud."""
    checkout.empty()
    return checkout


@contextmanager
def beside(built: Path, folder: Path) -> Iterator[Callable[..., Checkout]]:
    """Makes a checkout with a local cloud of its own in ``folder``; the bundles are those of the one that was built."""
    shutil.copytree(built / "build", folder / "build")
    Record(built=Record.read(built).built).write(folder)
    try:
        yield lambda **options: Checkout(up(folder, progress=quiet, **options))
    finally:
        down(folder, progress=quiet)


@pytest.fixture
def other(cloud: Cloud, tmp_path: Path) -> Iterator[Callable[..., Checkout]]:
    """Makes a checkout with a local cloud of its own."""
    with beside(cloud.folder, tmp_path / ".dateline") as start:
        yield start
