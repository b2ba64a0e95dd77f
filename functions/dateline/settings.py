"""What a function is told by its environment; read once, when its handler is built."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

_READ: dict[str, Callable[[str], Any]] = {"page_seconds": float, "page_memory": int}  # the rest are texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of the deployed resources and the few knobs of a function.

    Each field is the environment variable ``DATELINE_<FIELD>``; template.yaml sets those that a function uses.
    ``sources`` are folders of further source files, separated by ``os.pathsep`` (the sample newsroom's, on the local
    cloud).
    ``allow_hosts`` are the ``host:port`` with private addresses that may be crawled, separated by commas.
    ``render`` is not empty where there is a browser: the sources that need one are then crawled, and no others.
    ``alarm_topic`` is the ARN of the SNS topic of alarms, empty if there is none.
    ``scheduled`` are the sources that the schedule crawls, separated by commas; empty for all.
    ``contact`` is the address or the page that outlets are told, where they can reach whoever crawls.
    ``page_seconds`` and ``page_memory`` (MB) are what the extraction of one page may take.
    """

    capture_bucket: str = ""
    archive_bucket: str = ""
    table: str = ""
    crawl_queue: str = ""
    extract_queue: str = ""
    event_bus: str = ""
    alarm_topic: str = ""
    sources: str = ""
    scheduled: str = ""
    render: str = ""
    allow_hosts: str = ""
    contact: str = ""
    page_seconds: float = 10
    page_memory: int = 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        said = {f.name: environment.get(f"DATELINE_{f.name.upper()}") for f in fields(cls)}
        return cls(**{name: _READ.get(name, str)(value) for name, value in said.items() if value})
