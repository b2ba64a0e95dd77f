"""Settings of a function from its environment, read when its handler is built."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

_READ: dict[str, Callable[[str], Any]] = {  # the rest are texts
    "page_seconds": float,
    "page_memory": int,
    "read_rate": float,
    "shards": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of deployed resources, and options of a function.

    Each field is the environment variable ``DATELINE_<FIELD>``; template.yaml sets them.
    ``sources`` are folders of further source files, separated by ``os.pathsep`` (on the local cloud, the newsroom's).
    ``allow_hosts`` are ``host:port`` with private addresses open to crawls, separated by commas.
    ``render`` is not empty in functions with a browser: they crawl only the sources with ``render = true``.
    ``shards`` is the number of message groups of the crawl queue (``sources.crawl_shards``).
    ``alarm_topic`` is the ARN of the SNS topic of alarms, or empty.
    ``watch_topic`` is the ARN of the SNS topic that gets the watches' mails, or empty.
    ``read_issuer``, ``read_audience`` and ``read_jwks`` name whose tokens open the reading room; empty for none.
    ``read_key`` is the ARN of the secret that signs links, or empty; ``read_rate`` are requests a second of a caller.
    ``scheduled`` are the sources of the schedule, separated by commas; empty for all.
    ``contact`` is a mail address or page, sent to outlets in the User-Agent.
    ``page_seconds`` and ``page_memory`` (MB) limit the extraction of one page.
    ``signing_key`` signs the roots of daily trees: a KMS key's ARN, or the absolute path of a PEM file.
    ``maintain_machine`` is the ARN of the state machine of maintenance.
    ``timestamp_authorities`` are ``name=address`` separated by commas (RFC 3161).
    """

    capture_bucket: str = ""
    archive_bucket: str = ""
    table: str = ""
    crawl_queue: str = ""
    extract_queue: str = ""
    event_bus: str = ""
    alarm_topic: str = ""
    watch_topic: str = ""
    read_issuer: str = ""
    read_audience: str = ""
    read_jwks: str = ""
    read_key: str = ""
    read_rate: float = 10
    signing_key: str = ""
    timestamp_authorities: str = ""
    maintain_machine: str = ""
    sources: str = ""
    scheduled: str = ""
    render: str = ""
    allow_hosts: str = ""
    contact: str = ""
    shards: int = 3
    page_seconds: float = 10
    page_memory: int = 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        said = {f.name: environment.get(f"DATELINE_{f.name.upper()}") for f in fields(cls)}
        return cls(**{name: _READ.get(name, str)(value) for name, value in said.items() if value})
