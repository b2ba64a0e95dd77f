"""Logger, tracer and metrics, made once for every function; nothing below this module imports from a handler.

The tracer is made when it is first asked for: X-Ray's SDK imports botocore, and with it what takes longest to import.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from aws_lambda_powertools import Logger, Metrics, Tracer

P = ParamSpec("P")
R = TypeVar("R")

logger = Logger(service="dateline")
metrics = Metrics(namespace="Dateline", service="dateline")


@cache
def tracer() -> Tracer:
    return Tracer(service="dateline")


def traced(handler: Callable[P, R]) -> Callable[P, R]:
    """The handler, with a segment of the trace for each invocation."""

    @wraps(handler)
    def invoke(*args: P.args, **kwargs: P.kwargs) -> R:
        answer: R = tracer().capture_lambda_handler(handler, capture_response=False)(*args, **kwargs)
        return answer

    return invoke


def traced_record(record_handler: Callable[P, R]) -> Callable[P, R]:
    """The record handler, with a segment of the trace for each message."""

    @wraps(record_handler)
    def handle(*args: P.args, **kwargs: P.kwargs) -> R:
        return tracer().capture_method(capture_response=False)(record_handler)(*args, **kwargs)

    return handle
