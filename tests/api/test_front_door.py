"""``import dateline``: what a Python user finds."""

import doctest
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dateline
from dateline.analysis.sql import DuckDb
from dateline.api import archive, connect, extract, stories
from dateline.extraction import extract as extract_page
from tests.analysis.test_sql import compacted
from tests.conftest import ROOT, Aws
from tests.search.library import searched
from tests.support.samples import NOON, Newsroom

CRANES = (ROOT / "tests" / "events" / "extract.html").read_text("utf-8").replace("2026-01-05", "2019-04-16")
URL = "http://news.example.org/cranes"
NAMES = [name for name in dateline.__all__ if name != "__version__"]


def opened(aws: Aws) -> dateline.Archive:
    """The front door's archive over the emulated AWS."""
    return dateline.Archive(Newsroom(aws).query())


@pytest.fixture
def cranes(aws: Aws, tmp_path: Path) -> dateline.Archive:
    """An archive with the page of tests/events and another one."""
    newsroom = Newsroom(aws, source="sample-gazette")
    pages = ("cranes", CRANES), ("other", CRANES.replace("Harbour cranes", "Trams").replace("T07:30", "T06:30"))
    newsroom.archive(extract=extract_page).add(newsroom.capture(*pages))
    compacted(newsroom)
    engine = DuckDb(aws.s3, aws.archive, tmp_path / "dataset")
    return dateline.Archive(newsroom.query(), lambda: searched(newsroom, tmp_path), lambda: engine)


@pytest.fixture
def revised(aws: Aws) -> dateline.Archive:
    """An archive of two stories in two revisions each, a day apart."""
    newsroom = Newsroom(aws)
    for crawl in range(2):
        pages = [(f"{n}", f"Story {n}{' dated' if n else ''}|Words {n} of {crawl}.") for n in range(2)]
        newsroom.archive(clock=lambda crawl=crawl: NOON + timedelta(days=crawl)).add(newsroom.capture(*pages))
    return opened(aws)


@pytest.mark.parametrize("module", [archive, connect, extract, stories])
def test_docstring_examples_run(module: Any, cranes: dateline.Archive) -> None:
    """The examples of the public docstrings give what they say, on an archive of the sample event's page."""
    names = {"archive": cranes, "date": date, "url": URL, "connect": lambda: cranes}
    results = doctest.testmod(module, extraglobs=names)
    assert results.attempted > 0 == results.failed


@pytest.mark.parametrize("name", NAMES)
def test_public_names_import(name: str) -> None:
    """Every public name is there, and says what it is."""
    assert getattr(dateline, name).__doc__
    assert name in dir(dateline)


def test_unknown_name_is_attribute_error() -> None:
    """A name that is not public fails as in any module."""
    with pytest.raises(AttributeError, match="connekt"):
        getattr(dateline, "connekt")  # noqa: B009 - mypy knows that there is none


def test_archive_without_search_says_so(aws: Aws) -> None:
    """An archive that was made of a query alone cannot search, and names the way to one that can."""
    with pytest.raises(dateline.NotFoundError, match="connect"):
        opened(aws).search("cranes")


def test_import_loads_no_library() -> None:
    """The package alone imports neither boto3 nor lxml, and of its own modules its version: every function pays."""
    loaded = "sorted(name for name in sys.modules if name.split('.')[0] in {'boto3', 'lxml', 'dateline'})"
    code = f"import sys, dateline; print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['dateline', 'dateline.version']"


def test_stories_newest_first(revised: dateline.Archive) -> None:
    """Stories come newest first, oldest first if asked, and again at each iteration."""
    newest = revised.stories()
    titles = [story.title for story in newest]
    assert titles == ["Story 0", "Story 1 dated"] == [story.title for story in newest]
    assert [story.title for story in revised.stories(oldest_first=True)] == titles[::-1]
    assert [story.title for story in revised.stories(limit=1)] == titles[:1]
    assert list(revised.stories(country="tn")) == []


def test_article_by_story_or_address(revised: dateline.Archive) -> None:
    """A story, its id and its URL name the same article, text and page."""
    (story, *_) = revised.stories(limit=1)
    for name in (story, story.id, story.url):
        assert revised.article(name).title == story.title
        assert revised.text(name) == "Words 0 of 1."
        assert revised.raw(name) == b"Story 0|Words 0 of 1."
    first, second = revised.revisions(story)
    assert [revised.text(first), revised.text(second)] == ["Words 0 of 0.", "Words 0 of 1."]
    assert (first.revision, second.revision, first.cluster) == (1, 2, None)
    assert [copy.id for copy in revised.copies(story.id)] == [story.id]


@pytest.mark.parametrize("name", ["nothing", "https://nowhere.example/a"])
def test_unknown_story_is_lookup_error(revised: dateline.Archive, name: str) -> None:
    """A story that the archive lacks raises a LookupError with its name."""
    with pytest.raises(dateline.NotFoundError, match=name):
        revised.article(name)


@pytest.mark.parametrize("since", [None, "2019-04-17", date(2019, 4, 17), datetime(2019, 4, 17, tzinfo=UTC)])
def test_changes_since_cursor(revised: dateline.Archive, since: Any) -> None:
    """Changes continue after a cursor; days and instants are cursors too."""
    changed = list(revised.changes(since=since))
    assert len(changed) == 2
    assert list(revised.changes(since=changed[0])) == changed[1:]
    assert list(revised.changes(since=changed[-1].cursor)) == []


def test_tables_have_one_schema(revised: dateline.Archive) -> None:
    """Arrow, pandas and polars have the same columns, for no stories too."""
    for wanted, height in ((revised.stories(), 2), (revised.stories(country="tn"), 0)):
        arrow, frame, polars = wanted.to_arrow(), wanted.to_pandas(), wanted.to_polars()
        assert (arrow.num_rows, len(frame), polars.height) == (height, height, height)
        assert arrow.column_names == list(frame.columns) == polars.columns
    table = revised.stories().to_arrow()
    assert table.schema == revised.stories(country="tn").to_arrow().schema
    assert table.column("article").to_pylist() == [
        {"key": story.article.key, "offset": story.article.offset, "length": story.article.length}
        for story in revised.stories()
    ]


def test_story_json_has_every_field(revised: dateline.Archive) -> None:
    """A story's JSON has each field, null where unknown, and none of the table's keys."""
    (story, *_) = revised.stories()
    values = story.to_dict()
    assert set(values) >= {"id", "url", "title", "gone_at", "published_at", "capture"}
    assert not {"PK", "SK", "published_key", "indexed_key", "source_month"} & set(values)
    assert values["published_at"] is None


PAGES: dict[str, tuple[str | bytes, dict[str, Any], str]] = {
    "French bytes": ("<title>Été à Gabès</title><p>x".encode("latin-1"), {}, "not_article"),
    "Arabic text": (
        f"<html lang=ar><title>عودة العبّارة</title><h1>عودة العبّارة</h1><p>{'قالت البلدية أمس. ' * 20}",
        {},
        "archived",
    ),
    "gone": ("<p>x", {"status": 404}, "gone"),
    "no address": (CRANES, {"url": "ftp://x"}, "quarantined"),
}


@pytest.mark.parametrize("name", PAGES)
def test_extract_gives_outcomes(name: str) -> None:
    """Any page has an outcome, and an article only where it is one."""
    page, options, outcome = PAGES[name]
    found = dateline.extract(page, **{"url": URL} | options)
    assert found.outcome == outcome
    assert (found.article is not None) == (outcome == "archived")


def test_extract_takes_source_from_registry() -> None:
    """A registered source gives its country, languages and time zone; an unknown one is a KeyError."""
    found = dateline.extract(CRANES, url=URL, source="libya-herald")
    assert found.article
    assert (found.article.source, found.article.outlet_country) == ("libya-herald", "ly")
    with pytest.raises(KeyError):
        dateline.extract(CRANES, url=URL, source="nowhere-herald")
    with pytest.raises(ValueError, match="captured_at"):
        dateline.extract(CRANES, url=URL, captured_at=datetime(2019, 4, 17))  # noqa: DTZ001 - naive, as it must not be


def test_connect_names_next_step(tmp_path: Path) -> None:
    """Without a local cloud the error says how to start one; of a stopped one likewise."""
    with pytest.raises(dateline.NotConnectedError, match="dateline up"):
        dateline.connect(folder=tmp_path)
    (tmp_path / "cloud.json").write_text('{"port": 1, "outputs": {"IndexTable": "index"}}')
    with pytest.raises(dateline.NotConnectedError, match="dateline up"):
        dateline.connect(folder=tmp_path)


def test_connect_names_missing_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that cannot be found is named."""
    keys = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
    here = dict.fromkeys(keys, "x") | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "us-east-1"}
    for variable, value in (here | {"AWS_MAX_ATTEMPTS": "1"}).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(dateline.NotConnectedError, match="no-such-stack"):
        dateline.connect("no-such-stack")
