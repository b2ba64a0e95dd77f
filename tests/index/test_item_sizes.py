"""Items of the index stay within a write unit, and registers are written once by a process."""

from dataclasses import replace
from typing import Any

import boto3
import pytest

from dateline.article import Article, Pointer
from dateline.aws import dynamodb
from dateline.index.index import Index
from dateline.index.story_items import current_item, summary
from dateline.keys import identifiers
from dateline.keys.object_keys import Stem
from dateline.outcomes import Stored
from tests.conftest import Aws
from tests.support.meter import size
from tests.support.samples import Newsroom

URL = "https://gazette.example/2026/10/20/a-story-with-a-slug-of-usual-length-in-latin-letters"
STEM = Stem("sample-gazette", "20261020T061500Z-schedule", 12)
STORY = Article(
    id=identifiers.article_id(URL),
    url=URL,
    title="",
    text="",
    digest="0" * 64,
    source="sample-gazette",
    outlet_country="ly",
    language="ar",
    published_at="2026-10-20T08:15:00+02:00",
    published_precision="minute",
    about=("ly", "tn"),
    captured_at="2026-10-20T06:15:02.000Z",
    first_seen_at="2026-10-20T06:15:02.000Z",
    indexed_at="2026-10-20T06:16:40.123Z",
    revision=1,
    capture=Pointer("captures", STEM.capture, 123456, 52800),
)


@pytest.mark.parametrize(
    "title",
    ["Short", "أخبار الميناء القديم في المدينة " * 8, "Les pêcheurs de Sfax réclament un nouveau port " * 6, "🛶" * 90],
)
def test_long_titles_are_cut_in_items(title: str) -> None:
    """The title's start, whole letters: as much as the item is a write unit with, and 200 characters at most."""
    found = summary(STEM.extracted("0123456789ab"), Stored(replace(STORY, title=title), 123456, 3100))
    item = current_item(found) | {"cluster": STORY.id}
    assert title.startswith(found["title"])
    assert found["title"] == title[:200] or dynamodb.size(item) > 1024 - len("🛶".encode())
    assert dynamodb.size(item) <= 1024


def test_short_title_fits_into_a_write_unit() -> None:
    found = summary(STEM.extracted("0123456789ab"), Stored(replace(STORY, title="Boats left Sfax at dawn"), 1, 3100))
    assert dynamodb.size(current_item(found) | {"cluster": STORY.id}) <= 1024


def test_title_beside_a_long_url() -> None:
    long = replace(STORY, url=URL + "/x" * 600, title="Sfax " * 60)
    assert len(summary("articles/a", Stored(long, 0, 1))["title"]) == 200


def test_sizes_are_dynamodbs(aws: Aws) -> None:
    """The library's measure of Python values is at least the meter's of DynamoDB's own JSON."""
    newsroom = Newsroom(aws)
    newsroom.archive().add(newsroom.capture(("a", "Sfax dated|Boats left Sfax for Tunis.")))
    stored = boto3.client("dynamodb").scan(TableName=aws.table.name)["Items"]
    for item, same in zip(stored, aws.table.scan()["Items"], strict=True):
        assert size(item) <= dynamodb.size(same) <= size(item) + len(item)


@pytest.mark.parametrize(("remember", "written"), [(True, 0), (False, 7)])
def test_registers_are_written_once_by_a_process(aws: Aws, remember: bool, written: int) -> None:
    newsroom = Newsroom(aws)
    newsroom.index = Index(aws.table, remember=remember)
    archive = newsroom.archive()
    archive.add(newsroom.capture(("a", "Sfax dated|Boats left Sfax.")))
    second = newsroom.capture(("b", "Sfax dated too|Nets dried in Sfax."))
    items: list[str] = []

    def note(*_: Any, params: dict[str, Any], model: Any, **__: Any) -> None:
        if model.name == "BatchWriteItem":
            items.append(params["body"].decode())

    aws.on_call("before-call", note)
    archive.add(second)
    aws.off_call("before-call", note)
    assert sum(text.count('"MONTH#') + text.count('"ARCHIVE"') for text in items) == written
