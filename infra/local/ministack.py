"""MiniStack: AWS on 127.0.0.1, with all its files in the local cloud's folder.

Objects are on disk at once; tables, queues, functions and stacks only after a stop (SIGTERM). It is therefore restarted
once after each deployment (``checkpoint``): a later kill loses items and messages, recreated by
``dateline.maintenance.rebuild`` from the buckets, but not the stack.
"""

import errno
import json
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local import processes, space
from infra.local.errors import LocalCloudError

ROLE = "ministack"
# What MiniStack logs at a stop, followed by the service and the error.
_NOT_SAVED = ("Persistence: failed to save", "Persistence: error getting state")
_FULL = f"[Errno {errno.ENOSPC}]"
REGION = "us-east-1"
ACCOUNT = "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
# Proxies are for the internet; a request to the local cloud must not reach one.
_NO_PROXY = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def client_environment(port: int) -> dict[str, str]:
    """Return the environment for AWS tools to use this cloud and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DATELINE_"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **_NO_PROXY, **CREDENTIALS, **nowhere, "AWS_ENDPOINT_URL": endpoint(port)}


def start(folder: Path, port: int) -> None:
    """Start it on this port and wait until it answers."""
    _rewind_streams(folder)
    _return_messages(folder)
    scratch = folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # the last run's workers unpacked their bundles here
    scratch.mkdir(parents=True)
    environment = client_environment(port) | {
        "BIND_HOST": "127.0.0.1",  # it listens on all interfaces unless told
        "MINISTACK_HOST": "127.0.0.1",  # in queue URLs: localhost may be ::1, without a listener
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(scratch),
        "IOT_MTLS_ENABLED": "0",  # would listen on 8883
        "SFTP_ENABLED": "0",  # would listen on 2222
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",  # it removes other MiniStacks' containers at its start
    }
    command = [sys.executable, "-m", "infra.local.server"]
    processes.start(folder, ROLE, command, environment=environment, cwd=folder, ready=lambda: healthy(port))


def _rewind_streams(folder: Path) -> None:
    """Read the table's stream from its beginning.

    MiniStack 1.5 saves the position in a stream, but not the stream: new records would be skipped up to the old
    position.
    """
    with _state(folder, "lambda") as state:
        if state:
            state["dynamodb_stream_positions"] = {}


def _return_messages(folder: Path) -> None:
    """Make messages in progress at the stop visible at once, instead of after half an hour.

    Their receivers ended with it.
    """
    with _state(folder, "sqs") as state:
        queues = state["queues"]["data"].values() if state else ()
        for message in (message for queue in queues for message in queue["messages"] if message["receive_count"]):
            message["visible_at"] = 0


@contextmanager
def _state(folder: Path, service: str) -> Iterator[dict[str, Any]]:
    """Return the saved state of a service, for changes (while it is stopped); empty without one."""
    path = folder / "state" / f"{service}.json"
    if not path.exists():
        yield {}
        return
    saved = json.loads(path.read_text("utf-8"))
    yield saved["payload"]
    changed = path.with_suffix(".tmp")
    changed.write_text(json.dumps(saved), "utf-8")
    changed.replace(path)


def checkpoint(folder: Path, port: int) -> None:
    """Have everything on disk. Raises LocalCloudError if not everything could be saved."""
    if unsaved := stop(folder).unsaved:
        raise LocalCloudError(unsaved)
    put_back(folder)
    start(folder, port)


@dataclass(frozen=True, slots=True)
class Stop:
    """How a stop ended: ``clean`` with everything saved; ``unsaved`` says what was not, and why.

    Neither after a kill, or with nothing to stop.
    """

    clean: bool = False
    unsaved: str = ""


def stop(folder: Path) -> Stop:
    """Stop it and tell whether it saved everything: it keeps the old files where it cannot write others, and logs so.

    Without space for the log, nothing is known, and so nothing saved.
    """
    log = folder / f"{ROLE}.log"
    before = log.stat().st_size if log.exists() else 0
    if not processes.stop(folder, ROLE):
        return Stop()
    lines = log.read_bytes()[before:].decode(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if any(said in line for said in _NOT_SAVED)]
    if space.free(folder) < space.FOR_LOG or any(_FULL in line for line in errors):
        return Stop(unsaved=space.told(folder))
    return Stop(unsaved=f"MiniStack could not save its state: {errors[0]}") if errors else Stop(clean=True)


def healthy(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint(port)}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def free_port(preferred: int | None = None, *, patience: float = 0) -> int:
    """The preferred port, if it is free within ``patience`` seconds, else any free one of 127.0.0.1.

    Whoever was just killed may hold its port for a moment longer.
    """
    deadline = time.monotonic() + patience
    while preferred:
        if _bindable(preferred):
            return preferred
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return _bindable(0)


def _bindable(port: int) -> int:
    """The port, or any for 0, if it can be bound; else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def set_aside(folder: Path) -> None:
    """Forget everything except the buckets' objects, and move those away (while it is stopped).

    For a cloud with a lost stack: a new stack cannot adopt existing buckets.
    """
    put_back(folder)
    shutil.rmtree(folder / "state", ignore_errors=True)
    if _objects(folder).exists():
        _objects(folder).rename(_aside(folder))


def put_back(folder: Path) -> None:
    """Undo ``set_aside``, once the stack has made its buckets again (while it is stopped)."""
    if is_set_aside(folder):
        shutil.copytree(_aside(folder), _objects(folder), dirs_exist_ok=True)
        shutil.rmtree(_aside(folder))


def is_set_aside(folder: Path) -> bool:
    return _aside(folder).exists()


def _objects(folder: Path) -> Path:
    return folder / "s3" / ACCOUNT


def _aside(folder: Path) -> Path:
    return folder / "s3-aside"
