"""``dateline up --docker``: what `sam local` needs, so that functions run in containers against the local cloud.

Everything is in ``.dateline/docker``: bundles for this machine's architecture with the sample outlets' source files, an
environment without folders of the host, and a samconfig.toml for the SAM CLI. Containers work on buckets, a table and a
queue of their own, so the user's archive never holds their stories. They reach the local cloud and the newsroom over a
network of their own (``forward``).
"""

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from dateline.messages import captures_of
from infra import emulator
from infra.local import newsroom, processes, stack
from infra.local.cloud import Cloud, Progress
from infra.local.errors import LocalCloudError
from infra.local.record import locked

ROLE = "docker"
EVENTS = stack.ROOT / "tests" / "events"
_INSIDE = "/var/task"  # where a container has its function's bundle
_SAMPLES = "sample-sources"  # folder in the bundles that read sources
_READS_SOURCES = ("DispatchFunction", "CrawlFunction", "ExtractFunction", "ReadFunction")
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_ROUTES = {"/": "Home", "/{path+}": "Pages"}  # of `sam local start-api`, in place of the function's own URL


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the Docker engine: its name, its hosts (CIDR) and this machine's address in it."""

    name: str
    hosts: str
    gateway: str

    @classmethod
    def ensure(cls, name: str) -> Self:
        """Return the network, created if absent. Raises LocalCloudError without an engine."""
        import docker  # noqa: PLC0415 - the SAM CLI brings it; no part of a plain start

        try:
            engine = docker.from_env()
            found = engine.networks.list(names=[f"^{name}$"]) or [engine.networks.create(name, driver="bridge")]
            [pool] = engine.networks.get(found[0].id).attrs["IPAM"]["Config"]
        except docker.errors.DockerException as error:
            raise LocalCloudError(f"no Docker engine answers ({error}); start one, or set DOCKER_HOST") from error
        return cls(name, pool["Subnet"], pool["Gateway"])


def up(cloud: Cloud, progress: Progress) -> Path:
    """Prepare `sam local` for a running local cloud; return the samconfig.toml to call it with."""
    folder = cloud.folder / "docker"
    folder.mkdir(exist_ok=True)
    network = Network.ensure(f"dateline-{cloud.port}")
    with locked(folder):
        _ensure_forwarding(cloud, network)
        _ensure_bundles(folder, progress)
        _put_sources(cloud, folder, network)
        variables = _variables(cloud, network, _own_resources(cloud))
        (folder / "env.json").write_text(json.dumps(variables, indent=1) + "\n", "utf-8")
        config = folder / "samconfig.toml"
        config.write_text(_config(folder, network, _endpoint(cloud, network)), "utf-8")
    progress(f"containers reach it at {_endpoint(cloud, network)}; sam local invoke --config-file {config} FUNCTION")
    return config


def down(folder: Path) -> None:
    """Stop forwarding; the network stays."""
    processes.stop(folder, ROLE)


def architecture() -> str:
    """Return this machine's architecture as Lambda names it."""
    return _ARCHITECTURES[platform.machine().lower()]


def _endpoint(cloud: Cloud, network: Network) -> str:
    return f"http://{network.gateway}:{cloud.port}"


def _ensure_forwarding(cloud: Cloud, network: Network) -> None:
    ports = [f"{cloud.port}", *(host.partition(":")[2] for host in newsroom.hosts(cloud.folder))]
    command = [sys.executable, "-m", "infra.local.forward", "--bind", network.gateway, "--network", network.hosts]
    running = processes.leader(cloud.folder, ROLE)
    if running and running.cmdline()[1:] == [*command, *ports][1:]:
        return
    processes.stop(cloud.folder, ROLE)
    log = cloud.folder / f"{ROLE}.log"
    log.unlink(missing_ok=True)
    processes.start(
        cloud.folder,
        ROLE,
        [*command, *ports],
        environment=os.environ,
        cwd=stack.ROOT,
        ready=lambda: log.exists() and "forwarding" in log.read_text("utf-8"),
    )


def _ensure_bundles(folder: Path, progress: Progress) -> None:
    """Build for containers of this machine's architecture, with routes for `sam local start-api`."""
    wanted, built = stack.fingerprint(), folder / "built"
    if built.exists() and built.read_text("utf-8") == wanted:
        return
    progress(f"building the functions' bundles for containers ({architecture()})")
    template = folder / "build" / "template.yaml"
    stack.build_for_containers(folder, architecture())
    template.write_text(_with_routes(template.read_text("utf-8")), "utf-8")
    built.write_text(wanted, "utf-8")


def _with_routes(template: str) -> str:
    """Give ReadFunction an HTTP API, whose events are those of a function URL: SAM serves APIs alone."""
    from samcli.yamlhelper import yaml_dump, yaml_parse  # noqa: PLC0415

    parsed: Any = yaml_parse(template)
    events = parsed["Resources"]["ReadFunction"]["Properties"].setdefault("Events", {})
    for path, name in _ROUTES.items():
        events[name] = {"Type": "HttpApi", "Properties": {"Path": path, "Method": "GET"}}
    return str(yaml_dump(parsed))


def _put_sources(cloud: Cloud, folder: Path, network: Network) -> None:
    """Copy the sample outlets' files into the bundles that read sources, with addresses that containers reach."""
    for function in _READS_SOURCES:
        for path in cloud.sources.rglob("*.toml"):
            target = folder / "build" / function / _SAMPLES / path.relative_to(cloud.sources)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text("utf-8").replace("127.0.0.1", network.gateway), "utf-8")


def _own_resources(cloud: Cloud) -> dict[str, str]:
    """Create buckets, table and queue of the containers; put the captures that events name."""
    names = {f"DATELINE_{kind}_BUCKET": f"docker-{kind.lower()}" for kind in ("CAPTURE", "ARCHIVE")}
    s3, sqs = cloud.client("s3"), cloud.client("sqs")
    for bucket in names.values():
        s3.create_bucket(Bucket=bucket)
    try:
        emulator.create_table(cloud, "docker-index")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    for event in (json.loads(path.read_text("utf-8")) for path in EVENTS.glob("extract.json")):
        assert [key for record in event["Records"] for key in captures_of(record["body"])]  # noqa: S101
        emulator.put_captures(s3, names["DATELINE_CAPTURE_BUCKET"], event, EVENTS / "extract.html")
    queue = sqs.create_queue(QueueName="docker-crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return {**names, "DATELINE_TABLE": "docker-index", "DATELINE_CRAWL_QUEUE": str(queue)}


def _variables(cloud: Cloud, network: Network, own: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the functions' environments, without folders and addresses of the host."""
    deployed = json.loads((cloud.folder / "env.json").read_text("utf-8"))
    return {name: _inside(cloud, network, {**variables}, own) for name, variables in deployed.items()}


def _inside(cloud: Cloud, network: Network, variables: dict[str, str], own: Mapping[str, str]) -> dict[str, str]:
    changed = {
        **own,
        "DATELINE_SOURCES": f"{_INSIDE}/{_SAMPLES}",
        "DATELINE_SIGNING_KEY": "/tmp/signing-key.pem",  # noqa: S108 - all that a container may write to
        "AWS_ENDPOINT_URL": _endpoint(cloud, network),
    }
    variables |= {name: value for name, value in changed.items() if name in variables}
    reached = {name: value.replace("127.0.0.1", network.gateway) for name, value in variables.items()}
    for name in ("DATELINE_CRAWL_QUEUE", "DATELINE_EXTRACT_QUEUE"):
        if name in reached and urlsplit(reached[name]).scheme:
            reached[name] = urlsplit(reached[name])._replace(netloc=f"{network.gateway}:{cloud.port}").geturl()
    return reached


def _config(folder: Path, network: Network, endpoint: str) -> str:
    """Return a samconfig.toml for `sam local invoke` and `sam local start-api`."""
    values = {
        "template_file": f"{folder / 'build' / 'template.yaml'}",
        "env_vars": f"{folder / 'env.json'}",
        "docker_network": network.name,
        "parameter_overrides": f"Architecture={architecture()} Endpoint={endpoint} LocalCloud=true",
        "region": "us-east-1",
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    commands = "".join(f"\n[default.{command}.parameters]\n{lines}" for command in ("local_invoke", "local_start_api"))
    return f"version = 0.1\n{commands}"
