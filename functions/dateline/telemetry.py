"""Logger, tracer and metrics, made once for every function; nothing below this module imports from a handler."""

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger(service="dateline")
tracer = Tracer(service="dateline")
metrics = Metrics(namespace="Dateline", service="dateline")
