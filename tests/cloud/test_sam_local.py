"""`sam local` with a real Docker engine: every function answers its sample event, and nobody else gets in.

Skipped without an engine, or without Lambda's image: pulling it is a developer's decision, since it has 500 MB.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from infra.local import docker as containers
from infra.local.cloud import Cloud
from infra.local.ministack import free_port
from tests.conftest import ROOT, quiet

FUNCTIONS = sorted(path.stem for path in containers.EVENTS.glob("*.json"))
IMAGE = f"public.ecr.aws/lambda/python:3.13-{containers.architecture()}"
SECONDS = 300  # for a container on a busy machine; alone it takes 12 s


def why_not() -> str | None:
    """Why functions cannot run in containers here; None where they can."""
    import docker  # noqa: PLC0415

    try:
        docker.from_env().images.get(IMAGE)
    except docker.errors.ImageNotFound:
        return f"the Docker engine has no image {IMAGE}; pull it first"
    except docker.errors.DockerException:
        return "no Docker engine runs here; DOCKER_HOST names one elsewhere"
    return None


@pytest.fixture(scope="module")
def engine() -> None:
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def config(engine: None, cloud: Cloud) -> Any:  # noqa: ARG001
    yield containers.up(cloud, quiet)
    containers.down(cloud.folder)


def sam(*arguments: str, config: Path) -> list[str]:
    return [sys.executable, "-m", "samcli", "local", *arguments, "--config-file", f"{config}", "--skip-pull-image"]


def test_sam_local_has_events(template: dict[str, Any]) -> None:
    """Sam local has an event for each function."""
    resources = template["Resources"].items()
    functions = [name for name, body in resources if body["Type"] == "AWS::Serverless::Function"]
    assert sorted(f"{name.capitalize()}Function" for name in FUNCTIONS) == sorted(functions)


@pytest.mark.cloud
def test_container_environment_is_neutral(config: Path, cloud: Cloud) -> None:
    """Environments of containers name nothing of the host."""
    variables = json.loads((config.parent / "env.json").read_text("utf-8"))
    told = json.dumps(variables)
    assert f"{cloud.folder}" not in told
    assert "127.0.0.1" not in told
    assert set(variables) == {f"{name.capitalize()}Function" for name in FUNCTIONS}


@pytest.mark.cloud
@pytest.mark.timeout(3000)
def test_functions_answer_in_containers(config: Path) -> None:
    """Every function answers in a container."""
    answers = {}
    for name in FUNCTIONS:
        event = containers.EVENTS / f"{name}.json"
        command = sam("invoke", f"{name.capitalize()}Function", "-e", f"{event}", config=config)
        done = subprocess.run(command, capture_output=True, cwd=ROOT, check=False, timeout=SECONDS, env=environment())
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        answers[name] = json.loads(done.stdout)
    assert not [name for name, answer in answers.items() if "errorType" in answer]
    assert answers["crawl"] == answers["extract"] == {"batchItemFailures": []}
    assert answers["events"] == {"article.archived": 1}
    assert "sample-gazette" in answers["dispatch"]["sources"]
    assert answers["read"]["statusCode"] == 200
    assert answers["maintain"]["done"] is True


@pytest.mark.cloud
def test_start_api_serves_room(config: Path) -> None:
    """The reading room answers behind start api."""
    port = free_port()
    command = [*sam("start-api", config=config), "--port", f"{port}"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    ) as api:
        try:
            assert json.loads(fetched(f"http://127.0.0.1:{port}/stories?limit=1")).keys() >= {"stories"}
        finally:
            api.terminate()


@pytest.mark.cloud
def test_only_containers_get_in(config: Path, cloud: Cloud) -> None:  # noqa: ARG001
    """The bridge's address serves this machine, which is in the network; other addresses of it have no listener."""
    network = containers.Network.ensure(f"dateline-{cloud.port}")
    with urllib.request.urlopen(f"http://{network.gateway}:{cloud.port}/_ministack/health", timeout=60) as answer:
        assert answer.status == 200
    others = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), cloud.port, socket.AF_INET)}
    for address in others - {network.gateway} - {each for each in others if f"{each}".startswith("127.")}:
        with socket.socket() as probe:
            assert probe.connect_ex((f"{address}", cloud.port)) != 0


def environment() -> dict[str, str]:
    return {**os.environ, "SAM_CLI_TELEMETRY": "0"}


def fetched(url: str) -> bytes:
    """The body, as soon as somebody listens."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return bytes(answer.read())
        except ConnectionError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"{url} does not answer") from error
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError) or time.monotonic() > deadline:
                raise
        time.sleep(0.5)
