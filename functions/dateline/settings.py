"""What a function is told by its environment; read once, when its handler is built."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of the deployed resources and the few knobs of a function.

    Each field is the environment variable ``DATELINE_<FIELD>``; template.yaml sets those that a function uses.
    ``sources`` is a folder of further source files (the sample newsroom's, on the local cloud).
    ``allow_hosts`` are the ``host:port`` with private addresses that may be crawled, separated by commas.
    ``render`` is not empty where there is a browser: the sources that need one are then crawled, and no others.
    ``scheduled`` are the sources that the schedule crawls, separated by commas; empty for all.
    """

    capture_bucket: str = ""
    archive_bucket: str = ""
    table: str = ""
    crawl_queue: str = ""
    sources: str = ""
    scheduled: str = ""
    render: str = ""
    allow_hosts: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        return cls(**{f.name: environment.get(f"DATELINE_{f.name.upper()}", "") for f in fields(cls)})
