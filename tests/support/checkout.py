"""A checkout with a local cloud of its own: what a user has after ``dateline up``, for tests of the whole flow."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dateline.archive.formats import read_articles
from dateline.article import Article
from dateline.aws import objects
from dateline.maintenance.rebuild import delete_index
from infra.local.cloud import Cloud
from infra.newsroom import Story, outlet, set_edition

SAMPLES = ("sample-courrier", "sample-difaf", "sample-gazette")
Wanted = Callable[[], object]


@dataclass
class Checkout:
    """A folder with a local cloud in ``.dateline``, and the command that a user types there."""

    cloud: Cloud

    @property
    def folder(self) -> Path:
        return self.cloud.folder.parent

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "dateline", *arguments]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)

    def dateline(self, *arguments: str) -> list[dict[str, Any]]:
        """What ``dateline ... --json`` prints."""
        with self.start(*arguments, "--json") as running:
            lines = running.communicate(timeout=240)[0].splitlines()
        assert running.returncode == 0, lines
        return [json.loads(line) for line in lines]

    def run(self, *arguments: str) -> None:
        """Run a command that prints no JSON."""
        with self.start(*arguments) as running:
            said = running.communicate(timeout=240)[0]
        assert running.returncode == 0, said

    @cached_property
    def s3(self) -> Any:
        return self.cloud.client("s3")

    @cached_property
    def sqs(self) -> Any:
        return self.cloud.client("sqs")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        return list(objects.keys(self.s3, bucket=self.cloud.outputs[bucket], prefix=prefix))

    def objects(self, bucket: str, prefix: str) -> dict[str, bytes]:
        name = self.cloud.outputs[bucket]
        return {key: self.s3.get_object(Bucket=name, Key=key)["Body"].read() for key in self.keys(bucket, prefix)}

    @cached_property
    def table(self) -> Any:
        return self.cloud.resource("dynamodb").Table(self.cloud.outputs["IndexTable"])

    def items(self) -> list[dict[str, Any]]:
        """All of the table except notes to the next coverage run and the rounds under way, sorted by key."""
        pages = self.table.meta.client.get_paginator("scan").paginate(TableName=self.table.name)
        found = (item for page in pages for item in page["Items"] if item["PK"] not in ("LATE", "ROUNDS"))
        return sorted(found, key=lambda item: (item["PK"], item["SK"]))

    def delete_items(self) -> None:
        """Empty the table."""
        delete_index(self.cloud.deployment)
        assert self.items() == []

    def empty(self) -> None:
        """Make the cloud and its newsroom what they were at first."""
        until(lambda: all(self.is_idle(queue) for queue in ("CrawlQueue", "ExtractQueue")))
        set_edition(self.cloud.folder / "newsroom", 1)
        for bucket in ("CaptureBucket", "ArchiveBucket"):
            for key in self.keys(bucket):
                self.s3.delete_object(Bucket=self.cloud.outputs[bucket], Key=key)
        self.delete_items()
        self.forget("ExtractFunction")

    def forget(self, function: str) -> None:
        """Have a function's next call be in a new process: a running one knows registers of the table as it was."""
        client = self.cloud.client("lambda")
        names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
        name = next(name for name in names if function in name)
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def articles(self) -> list[Article]:
        found = self.objects("ArchiveBucket", "articles/").values()
        return [stored.article for data in found for stored in read_articles(data)]

    def archive(self) -> set[tuple[str, str, str]]:
        """The archive as it compares with another's: source, path and digest of each story."""
        stories = self.dateline("query")
        return {(story["source"], urlsplit(story["url"]).path, story["digest"]) for story in stories}

    def expected(self, edition: int = 1) -> dict[str, Story]:
        """What the newsroom's feeds list, as written, by URL."""
        ports = json.loads((self.cloud.folder / "newsroom" / "newsroom.json").read_text("utf-8"))["ports"]
        stories: dict[str, Story] = {}
        for each in outlet.read_all():
            base = f"http://127.0.0.1:{ports[each.id]}"
            stories |= {story.url: story for story in each.stories(base, edition)}
        return stories

    def is_idle(self, queue: str) -> bool:
        counts = self.sqs.get_queue_attributes(
            QueueUrl=self.cloud.outputs[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return set(counts.values()) == {"0"}


def until(wanted: Wanted, seconds: float = 150) -> None:
    """Return as soon as it is so."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
