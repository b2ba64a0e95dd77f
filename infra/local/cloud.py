"""Bringing the local cloud up, down, and saying how it is."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from dateline.aws.deployment import Deployment
from infra.local import ministack, newsroom, processes, space, stack
from infra.local.errors import LocalCloudError
from infra.local.record import Record, locked

FOLDER = Path(".dateline")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud. ``outputs`` are the stack's: names of buckets, table and functions, URLs of queues."""

    folder: Path
    port: int
    outputs: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        return ministack.endpoint(self.port)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a process with this cloud as AWS."""
        return ministack.client_environment(self.port)

    @property
    def sources(self) -> Path:
        """The folder of the sample newsroom's source files."""
        return newsroom.sources(self.folder)

    def client(self, service: str) -> Any:
        return self._session().client(service, endpoint_url=self.endpoint, config=_DIRECT)

    def resource(self, service: str) -> Any:
        return self._session().resource(service, endpoint_url=self.endpoint, config=_DIRECT)

    @property
    def deployment(self) -> Deployment:
        """The stack as the library takes it."""
        return Deployment(
            s3=self.client("s3"),
            table=self.resource("dynamodb").Table(self.outputs["IndexTable"]),
            capture_bucket=self.outputs["CaptureBucket"],
            archive_bucket=self.outputs["ArchiveBucket"],
        )

    def _session(self) -> Any:  # untyped: two packages of stubs own boto3's, and differ on a service that is a variable
        return boto3.Session("test", "test", region_name=ministack.REGION)


_DIRECT = Config(proxies={})  # whatever proxy the environment names


@dataclass(frozen=True, slots=True)
class Status:
    """``stack`` is whether template.yaml is deployed and complete; ``current`` whether as it stands now.

    ``rebuilding``: an ``up`` after a kill has not rebuilt the index to its end. ``full``: its disk takes no objects.
    """

    folder: Path
    endpoint: str | None
    ministack: int | None
    newsroom: int | None
    stack: bool
    current: bool
    rebuilding: bool
    full: bool
    outputs: Mapping[str, str]

    @property
    def healthy(self) -> bool:
        return self.stack and self.newsroom is not None and not (self.rebuilding or self.full)


def up(
    folder: Path = FOLDER,
    *,
    schedule: Sequence[str] | None = None,
    recorded: Sequence[Path] = (),
    progress: Progress = print,
) -> Cloud:
    """Start the local cloud, or find it; deploy changes; return when it is ready.

    ``schedule`` names sources to crawl by the schedule alone (empty: all registered); None leaves it off. ``recorded``
    are files of recorded pages for the newsroom to serve as further outlets. Raises LocalCloudError with the log and
    the next step.
    """
    folder = folder.resolve()
    try:
        return _up(folder, schedule, recorded, progress)
    except (LocalCloudError, OSError) as error:
        if space.free(folder) < space.FOR_UP:
            raise LocalCloudError(space.told(folder)) from error
        raise


def _up(folder: Path, schedule: Sequence[str] | None, recorded: Sequence[Path], progress: Progress) -> Cloud:
    with locked(folder):
        record = Record.read(folder)
        if newsroom.ensure(folder, recorded):
            progress("sample newsroom started")
        _ensure_ministack(folder, record, progress)
        if record.built != stack.fingerprint() or not (folder / "build" / "template.yaml").exists():
            progress("building the functions' bundles")
            stack.build(folder)
            record.built = stack.fingerprint()
            record.write(folder)
        _ensure_stack(folder, record, _parameters(folder, schedule), progress)
        cloud = Cloud(folder, record.port or 0, record.outputs)
        stack.await_sources(cloud.client("lambda"))
        _write_environment(cloud)
        if record.lost:
            progress("its tables and queues were lost: rebuilding the index from the buckets")
            progress(_rebuild(cloud))
            record.lost = False
            record.write(folder)
        progress(f"ready at {cloud.endpoint}")
        return cloud


def down(folder: Path = FOLDER, *, progress: Progress = print) -> bool:
    """Stop the local cloud, its state saved; False if nothing ran."""
    folder = folder.resolve()
    if not folder.exists():
        return False
    with locked(folder):
        ran = any(processes.ours(folder, role) for role in (newsroom.ROLE, ministack.ROLE))
        processes.stop(folder, newsroom.ROLE)
        stopped = ministack.stop(folder)
        if stopped.unsaved:
            raise LocalCloudError(f"stopped without its tables: {stopped.unsaved}; dateline up rebuilds the index")
        if stopped.clean:
            record = Record.read(folder)
            record.clean = True
            record.write(folder)
        progress("stopped" if ran else "was not running")
        return ran


def connect(folder: Path = FOLDER) -> Cloud:
    """Return the cloud running in this folder. Raises LocalCloudError without one."""
    found = status(folder)
    if not found.stack:
        raise LocalCloudError(f"no local cloud runs in {folder}; start it with dateline up")
    return Cloud(found.folder, Record.read(found.folder).port or 0, found.outputs)


def status(folder: Path = FOLDER) -> Status:
    """How the local cloud is, without changing anything."""
    folder = folder.resolve()
    record = Record.read(folder)
    running = {role: processes.leader(folder, role) for role in (ministack.ROLE, newsroom.ROLE)}
    pids = {role: process.pid if process else None for role, process in running.items()}
    answers = pids[ministack.ROLE] is not None and ministack.healthy(record.port or 0)
    cloud = Cloud(folder, record.port or 0, record.outputs)
    outputs = stack.outputs(cloud.client("cloudformation")) if answers else None
    return Status(
        folder,
        endpoint=cloud.endpoint if answers else None,
        ministack=pids[ministack.ROLE],
        newsroom=pids[newsroom.ROLE],
        stack=outputs is not None,
        current=record.built == stack.fingerprint(),
        rebuilding=Record.read(folder).lost,  # now: an up in between says so before it starts MiniStack
        full=space.free(folder) < space.FOR_OBJECTS,
        outputs=outputs or {},
    )


def _ensure_ministack(folder: Path, record: Record, progress: Progress) -> None:
    """Have it run, and know whether it was killed since it was last stopped."""
    if processes.leader(folder, ministack.ROLE) and ministack.healthy(record.port or 0):
        return
    processes.stop(folder, ministack.ROLE)  # unresponsive, or workers of a killed one
    record.lost = record.lost or not record.clean
    port = ministack.free_port(record.port, patience=5)
    progress(f"starting MiniStack on port {port}")
    if port != record.port:
        ministack.set_aside(folder)  # the URLs of its queues have the old one
    record.port, record.clean = port, False
    record.write(folder)
    ministack.start(folder, port)


def _ensure_stack(folder: Path, record: Record, parameters: Mapping[str, str], progress: Progress) -> None:
    """Have the stack deployed from the bundles as they are."""
    port = record.port or 0
    cloud = Cloud(folder, port, {})
    wanted = stack.fingerprint(parameters)
    found = stack.outputs(cloud.client("cloudformation"))
    if found is not None and record.deployed == wanted and not ministack.is_set_aside(folder):
        record.outputs = found
        return
    if found is None:
        record.lost = record.deployed is not None
        _start_afresh(folder, port)
    progress("deploying template.yaml")
    stack.deploy(folder, cloud.client("s3"), cloud.environment, parameters)
    stack.adjust(cloud.client("lambda"))
    ministack.checkpoint(folder, port)
    record.outputs, record.deployed = _complete(cloud), wanted
    record.write(folder)


def _start_afresh(folder: Path, port: int) -> None:
    """Remove the remains of a lost stack: they are in the way of a new one."""
    processes.stop(folder, ministack.ROLE)
    ministack.set_aside(folder)
    ministack.start(folder, port)


def _complete(cloud: Cloud) -> dict[str, str]:
    outputs = stack.outputs(cloud.client("cloudformation"))
    if outputs is None:
        raise LocalCloudError(f"the stack is not complete; see {cloud.folder / 'sam.log'}, then run dateline up again")
    return outputs


def _parameters(folder: Path, schedule: Sequence[str] | None) -> dict[str, str]:
    return {
        "Sources": str(newsroom.sources(folder)),
        "AllowHosts": ",".join(_allowed_hosts(folder)),
        "DispatchEvery": "rate(1 minute)",
        "ScheduleState": "DISABLED" if schedule is None else "ENABLED",
        # A dispatch that somebody asks for must not send for every outlet there is.
        "Scheduled": ",".join(newsroom.outlets(folder) if schedule is None else schedule),
        # Each concurrent invocation is a process of its own here.
        "CrawlShards": "2",
        "ExtractConcurrency": "2",
        "LocalCloud": "true",
        "SigningKeyFile": str(folder.resolve() / "signing-key.pem"),
    }


def _allowed_hosts(folder: Path) -> list[str]:
    """Return the newsroom's hosts, and those that ``DATELINE_ALLOW_HOSTS`` names, as for ``dateline crawl --here``."""
    return [*newsroom.hosts(folder), *filter(None, os.environ.get("DATELINE_ALLOW_HOSTS", "").split(","))]


def _rebuild(cloud: Cloud) -> str:
    """Recreate the index from the buckets, and queue unarchived captures; print the result."""
    from dateline.maintenance.rebuild import rebuild  # noqa: PLC0415 - no part of a plain start
    from dateline.messages import capture_event  # noqa: PLC0415 - no part of a plain start

    names, sqs = cloud.outputs, cloud.client("sqs")

    def extract(key: str) -> None:
        sqs.send_message(QueueUrl=names["ExtractQueue"], MessageBody=capture_event(names["CaptureBucket"], key))

    done = rebuild(cloud.deployment, unarchived=extract)
    return (
        f"indexed {done.stories} revisions of {done.captures} WARC files; {done.unarchived} WARC files still to archive"
    )


def _write_environment(cloud: Cloud) -> None:
    """The functions' variables as deployed, in the form of `sam local invoke --env-vars`."""
    functions = cloud.client("lambda")
    variables = {
        name: functions.get_function_configuration(FunctionName=physical)["Environment"]["Variables"]
        | {"AWS_ENDPOINT_URL": cloud.endpoint}
        for name, physical in cloud.outputs.items()
        if name.endswith("Function")
    }
    path = cloud.folder / "env.json"
    with contextlib.suppress(FileNotFoundError):
        if json.loads(path.read_text("utf-8")) == variables:
            return
    path.write_text(json.dumps(variables, indent=1) + "\n", "utf-8")
