"""An operation in a process of its own, on the AWS in this one's memory, that a signal ends at its n-th call."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.conftest import Aws

NEVER = 0


def run(aws: Aws, operation: Callable[[], object], at: int = NEVER, number: int = signal.SIGKILL) -> tuple[int, int]:
    """Run an operation, and send its process a signal before its call ``at``; return the exit code and its calls."""
    ours, theirs = multiprocessing.Pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _run(theirs, aws, operation, at, number)
    theirs.close()
    calls = 0
    while asked := _received(ours):
        calls += 1
        method, url, headers, body = asked
        request = AWSPreparedRequest(method, url, headers, body, stream_output=False)
        answer = botocore_stubber("before-send", request)
        assert answer is not None
        ours.send((answer.status_code, dict(answer.headers), answer.content))
    ours.close()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), calls


def _received(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, ConnectionError):
        return None


def _run(pipe: Connection, aws: Aws, operation: Callable[[], object], at: int, number: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    begun, one_at_a_time = 0, threading.Lock()

    def forward(request: Any, **_: Any) -> Any:
        nonlocal begun
        body = request.body.read() if hasattr(request.body, "read") else request.body
        with one_at_a_time:
            begun += 1
            if begun == at:
                os.kill(os.getpid(), number)
            pipe.send((request.method, request.url, dict(request.headers.items()), body))
            status, headers, content = pipe.recv()
        return AWSResponse(request.url, status, headers, cast("Any", MockRawResponse(content)))

    for client in (aws.s3, aws.table.meta.client):
        client.meta.events.register_first("before-send", forward)
    code = 1
    try:
        operation()
        code = 0
    except KeyboardInterrupt:
        code = 130
    finally:
        if code == 1:
            traceback.print_exc()
        os._exit(code)
