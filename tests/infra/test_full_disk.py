"""A full disk under the local cloud: `up` and `down` name the folder and the next step, and no object is half there."""

import asyncio
import errno
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from infra.local import cloud, ministack, newsroom, processes, space, stack
from infra.local.cloud import down, up
from infra.local.errors import LocalCloudError
from infra.local.record import Record
from infra.local.server import guarded, settled, with_dates
from tests.conftest import quiet

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")
STEPS: dict[str, tuple[Any, str, Exception]] = {
    "newsroom": (newsroom, "ensure", LocalCloudError("newsroom ended at its start")),
    "MiniStack": (ministack, "start", LocalCloudError("ministack ended at its start")),
    "its scratch folder": (ministack, "start", NO_SPACE),
    "bundles": (stack, "build", LocalCloudError("sam build failed")),
    "zip files": (stack, "build", NO_SPACE),
    "deployment": (stack, "deploy", LocalCloudError("sam deploy failed")),
    "tables at the restart": (ministack, "checkpoint", LocalCloudError("no space")),
    "variables": (cloud, "_write_environment", NO_SPACE),
    "record": (Record, "write", NO_SPACE),
}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of `up` without their processes, each of which succeeds."""
    outputs = {"IndexTable": "index"}
    deployed = list[str]()
    monkeypatch.setattr(newsroom, "ensure", lambda *_: False)
    monkeypatch.setattr(newsroom, "hosts", lambda _: [])
    monkeypatch.setattr(newsroom, "outlets", lambda _: [])
    for name in ("start", "checkpoint"):
        monkeypatch.setattr(ministack, name, lambda *_: None)
    monkeypatch.setattr(ministack, "healthy", lambda _: True)
    monkeypatch.setattr(processes, "leader", lambda *_: None)
    monkeypatch.setattr(stack, "build", _build)
    monkeypatch.setattr(stack, "deploy", lambda *_, **__: deployed.append("stack"))
    monkeypatch.setattr(stack, "outputs", lambda _: outputs if deployed else None)
    for name in ("adjust", "await_sources"):
        monkeypatch.setattr(stack, name, lambda *_: None)
    monkeypatch.setattr(cloud, "_write_environment", lambda _: None)
    monkeypatch.setattr(cloud, "_rebuild", lambda _: "rebuilt")


def _build(folder: Path) -> None:
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build" / "template.yaml").touch()


def failing(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    return fail


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("step", STEPS)
def test_up_on_a_full_disk_names_the_folder(tmp_path: Path, step: str) -> None:
    """Whatever it stops at, the error has the folder and the next step; with space again, `up` goes on."""
    where, name, error = STEPS[step]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, failing(error))
        patch.setattr(space, "free", lambda _: 1 << 20)
        with pytest.raises(LocalCloudError, match="no space is left for") as raised:
            up(tmp_path, progress=quiet)
    assert str(tmp_path) in str(raised.value)
    assert "free some, then run the command again" in str(raised.value)
    assert up(tmp_path, progress=quiet).outputs == {"IndexTable": "index"}


@pytest.mark.usefixtures("parts")
def test_up_with_space_keeps_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error with space on the disk is another one."""
    monkeypatch.setattr(stack, "build", failing(LocalCloudError("sam build failed")))
    monkeypatch.setattr(space, "free", lambda _: 1 << 40)
    with pytest.raises(LocalCloudError, match="sam build failed"):
        up(tmp_path, progress=quiet)


@pytest.mark.parametrize(
    ("line", "free"),
    [("ERROR [persistence] Persistence: failed to save dynamodb: [Errno 28]", 1 << 30), ("", 1000)],
    ids=["logged", "no space for the log"],
)
def test_unsaved_tables_are_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, free: int) -> None:
    """A stop that saved no tables is told and not clean, so that the next `up` rebuilds the index."""
    Record(port=1, clean=False).write(tmp_path)
    monkeypatch.setattr(processes, "ours", lambda *_: [])
    log = tmp_path / "ministack.log"
    log.write_text("Persistence: failed to save dynamodb, in an earlier run\n")

    def stop(*_: Any) -> bool:
        with log.open("a") as lines:
            lines.write(f"{line}\n")
        return True

    monkeypatch.setattr(processes, "stop", stop)
    monkeypatch.setattr(space, "free", lambda _: free)
    with pytest.raises(LocalCloudError, match=r"no space is left for .*; dateline up rebuilds the index"):
        down(tmp_path, progress=quiet)
    assert not Record.read(tmp_path).clean
    line = "Persistence: saved dynamodb state"
    monkeypatch.setattr(space, "free", lambda _: 1 << 30)
    down(tmp_path, progress=quiet)
    assert Record.read(tmp_path).clean


UNSAVED = [
    "Persistence: error getting state for sqs: dictionary changed size during iteration",
    "Persistence: failed to save lambda: Object of type set is not JSON serializable",
]


@pytest.mark.parametrize("line", UNSAVED)
def test_other_errors_of_a_stop_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """What MiniStack could not save for another reason is told in its own words, and not clean."""
    Record(port=1, clean=False).write(tmp_path)
    monkeypatch.setattr(processes, "ours", lambda *_: [])
    monkeypatch.setattr(processes, "stop", lambda _, role: bool((tmp_path / f"{role}.log").write_text(f"{line}\n")))
    with pytest.raises(LocalCloudError, match=re.escape(line)):
        down(tmp_path, progress=quiet)
    assert not Record.read(tmp_path).clean


def test_changing_state_is_read_again() -> None:
    """A service's state that changes under its reader is read until it holds still; other errors are raised at once."""
    errors = iter(
        [RuntimeError("dictionary changed size"), RuntimeError("deque mutated"), None, ValueError("no state")]
    )

    def read() -> dict[str, int]:
        if error := next(errors):
            raise error
        return {"queues": 1}

    assert settled(read)() == {"queues": 1}
    with pytest.raises(ValueError, match="no state"):
        settled(read)()


def test_dates_are_saved_as_text() -> None:
    """A state with dates, such as Athena's results, is saved; what JSON does not know otherwise stays an error."""
    dump = partial(json.dumps, default=with_dates(json.JSONEncoder().default))
    assert (
        dump([date(2026, 11, 29), datetime(2026, 11, 29, 8, tzinfo=UTC)])
        == '["2026-11-29", "2026-11-29T08:00:00+00:00"]'
    )
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        dump({1})


SIGNED = (b"authorization", b"AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/s3/aws4_request")
REQUESTS = {
    "an object": ("PUT", b"", [SIGNED, (b"content-length", b"2000")], 507),
    "an object without length": ("PUT", b"", [SIGNED], 507),
    "a part": ("PUT", b"partNumber=1&uploadId=x", [SIGNED], 507),
    "a large object": ("PUT", b"", [SIGNED, (b"content-length", b"%d" % (1 << 40))], 507),
    "reading": ("GET", b"", [SIGNED], 200),
    "deleting": ("DELETE", b"", [SIGNED], 200),
    "deleting many": ("POST", b"delete", [SIGNED], 200),
    "the table": ("POST", b"", [(b"authorization", SIGNED[1].replace(b"/s3/", b"/dynamodb/"))], 200),
}


def status_of(folder: Path, method: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    sent = list[Any]()

    async def application(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "query_string": query, "headers": headers}
    asyncio.run(guarded(application, folder)(scope, SimpleNamespace(), send))  # type: ignore[arg-type]
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("request_", REQUESTS)
def test_objects_without_space_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: str) -> None:
    """MiniStack never sees them; what reads or frees space is answered, and with space all is."""
    method, query, headers, status = REQUESTS[request_]
    monkeypatch.setattr(space, "free", lambda _: space.FOR_OBJECTS - 1)
    found, body = status_of(tmp_path, method, query, headers)
    assert found == status
    assert (str(tmp_path).encode() in body) == (status == 507)
    monkeypatch.setattr(space, "free", lambda _: 1 << 41)
    assert status_of(tmp_path, method, query, headers)[0] == 200
