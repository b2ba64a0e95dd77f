"""Run a function with an event under the Lambda runtime interface emulator of the SAM CLI, without Docker.

``python -m infra.emulator extract tests/events/extract.json`` runs the deployed bundle and handler against the local
cloud, prints the response and exits with 1 on an error. With Docker, ``dateline up --docker`` and ``sam local invoke``
do the same in a container.
"""

import argparse
import contextlib
import http.client
import json
import platform
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import samcli

from dateline.aws.objects import put_once
from dateline.capture import Exchange, serialise
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import captures_of
from infra.local.cloud import Cloud, connect
from infra.local.errors import LocalCloudError
from infra.local.ministack import free_port

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_PATH = "/2015-03-31/functions/function/invocations"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Facts about a function for the emulator."""

    bundle: Path
    handler: str
    timeout: int
    environment: Mapping[str, str]


def deployed(cloud: Cloud, name: str) -> Function:
    """The function (``extract``) as it is deployed into the local cloud; LocalCloudError if it has none."""
    resource = f"{name.capitalize()}Function"
    if resource not in cloud.outputs:
        known = ", ".join(sorted(key.removesuffix("Function").lower() for key in cloud.outputs if "Function" in key))
        raise LocalCloudError(f"there is no function {name!r}; there are {known}")
    found = cloud.client("lambda").get_function_configuration(FunctionName=cloud.outputs[resource])
    variables = json.loads((cloud.folder / "env.json").read_text("utf-8"))[resource]
    return Function(
        bundle=cloud.folder / "build" / resource,
        handler=found["Handler"],
        timeout=found["Timeout"],
        environment={**cloud.environment, **variables, "AWS_LAMBDA_FUNCTION_NAME": cloud.outputs[resource]},
    )


@contextmanager
def running(function: Function) -> Iterator[str]:
    """Run the emulator inside a ``with`` block; return its address, open to one event at a time."""
    front, api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [str(_binary()), "--runtime-interface-emulator-address", front, "--runtime-api-address", api]
    command += [sys.executable, "-m", "awslambdaric", function.handler]
    environment = {
        **function.environment,
        "LAMBDA_TASK_ROOT": str(function.bundle),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
    }
    # In the bundle, to take precedence over this environment's packages.
    emulator = subprocess.Popen(
        command, cwd=function.bundle, env=environment, stdout=sys.stderr, start_new_session=True
    )
    try:
        _await(emulator, front)
        yield front
    finally:
        emulator.terminate()  # and with it the runtime, its child
        emulator.wait()


@contextmanager
def scratch(cloud: Cloud) -> Iterator[dict[str, str]]:
    """Two empty buckets and an empty index for the length of a ``with`` block; gives the variables that name them.

    An event that names an invented page is run in these, so that the user's archive never holds its story.
    """
    suffix = uuid.uuid4().hex[:8]
    buckets = {f"DATELINE_{kind}_BUCKET": f"invoke-{kind.lower()}-{suffix}" for kind in ("CAPTURE", "ARCHIVE")}
    s3, table = cloud.resource("s3"), create_table(cloud, f"invoke-{suffix}")
    try:
        for name in buckets.values():
            s3.create_bucket(Bucket=name)
        yield {**buckets, "DATELINE_TABLE": table.name}
    finally:
        table.delete()
        for name in buckets.values():
            s3.Bucket(name).objects.all().delete()
            s3.Bucket(name).delete()


def create_table(cloud: Cloud, name: str) -> Any:
    """Create an empty table with the keys and indexes of the stack's, and return it."""
    shape = cloud.client("dynamodb").describe_table(TableName=cloud.outputs["IndexTable"])["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in shape["GlobalSecondaryIndexes"]
    ]
    return cloud.resource("dynamodb").create_table(
        TableName=name,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        GlobalSecondaryIndexes=indexes,
        BillingMode="PAY_PER_REQUEST",
    )


def invoke(address: str, event: Any, *, timeout: float) -> Any:
    """The function's answer; an error is one with ``errorType``, for the emulator says 200 to both."""
    connection = http.client.HTTPConnection(address, timeout=timeout + 10)
    connection.request("POST", _PATH, json.dumps(event), {"Content-Type": "application/json"})
    with closing(connection), connection.getresponse() as answer:
        return json.loads(answer.read() or b"null")


def failed(answer: Any) -> bool:
    return isinstance(answer, dict) and "errorType" in answer


def put_captures(s3: Any, bucket: str, event: Mapping[str, Any], page: Path) -> None:
    """Store the captures named by an extract event, with ``page`` as their only page."""
    for record in event["Records"]:
        for key in captures_of(record["body"]):
            body = serialise([_exchange(object_keys.parse(key), page)], key)
            put_once(s3, bucket=bucket, key=key, body=body)


def _exchange(stem: Stem, page: Path) -> Exchange:
    url = f"https://{stem.source}.example/{page.stem}"
    return Exchange(
        url=url,
        captured_at=crawl_names.crawl_time(stem.crawl),
        request=f"GET /{page.stem} HTTP/1.1\r\nHost: {stem.source}.example\r\n\r\n".encode(),
        response=_HEAD + page.read_bytes(),
        metadata={"source": stem.source, "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
    )


def _binary() -> Path:
    return Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{_MACHINES[platform.machine().lower()]}"


def _await(emulator: "subprocess.Popen[bytes]", address: str, *, seconds: float = 10) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while emulator.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.02)
    raise LocalCloudError(f"the emulator ({_binary()}) does not answer at {address}; its messages are above")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when the function answered, 1 when it failed or could not be run."""
    parser = argparse.ArgumentParser(prog="python -m infra.emulator", description="Run a function without Docker.")
    parser.add_argument("function", help="dispatch, crawl, extract, ...")
    parser.add_argument("event", type=Path, help="its event, such as tests/events/extract.json")
    parser.add_argument("--folder", type=Path, default=Path(".dateline"), help="the local cloud's")
    options = parser.parse_args(arguments)
    try:
        cloud = connect(options.folder)
        answer = _answer(cloud, deployed(cloud, options.function), options.event)
    except LocalCloudError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer, ensure_ascii=False, indent=1))
    return 1 if failed(answer) else 0


def _answer(cloud: Cloud, function: Function, path: Path) -> Any:
    """What a function answers to the event of a file; with a page of the same name beside it, in scratch buckets."""
    if not path.exists():
        raise LocalCloudError(f"there is no event {path}; write one, or name another file")
    event = json.loads(path.read_text("utf-8"))
    with contextlib.ExitStack() as stack:
        if (page := path.with_suffix(".html")).exists():
            names = stack.enter_context(scratch(cloud))
            put_captures(cloud.client("s3"), names["DATELINE_CAPTURE_BUCKET"], event, page)
            function = replace(function, environment={**function.environment, **names})
        address = stack.enter_context(running(function))
        return invoke(address, event, timeout=function.timeout)


if __name__ == "__main__":
    sys.exit(main())
