"""A user of the installed package: mypy --strict must see these very types (``make wheel``, the release workflow)."""

from collections.abc import Iterator
from datetime import date
from typing import assert_type

import dateline
from dateline import Archive, Article, Extraction, Outcome, Stories, Story

archive = dateline.connect("dateline")
assert_type(archive, Archive)
stories = archive.stories(country="ly", since=date(2019, 4, 1), limit=5)
assert_type(stories, Stories)
assert_type(iter(stories), Iterator[Story])
for story in stories:
    assert_type(story.title, str)
    assert_type(story.published_at, str | None)
    assert_type(archive.article(story), Article)
    assert_type(archive.text(story), str)
    assert_type(archive.raw(story), bytes)
assert_type(archive.sources(), list[str])

extraction = dateline.extract("<h1>Pump mended</h1>", url="https://news.example/pump")
assert_type(extraction, Extraction)
assert_type(extraction.outcome, Outcome)
assert_type(extraction.article, Article | None)

dateline.extract(3, url="https://news.example/pump")  # type: ignore[arg-type]
archive.stories(contry="ly")  # type: ignore[call-arg]
