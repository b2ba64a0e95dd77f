"""Recorded pages of outlets, each with the article that extraction must make of it.

``dateline sources record URL`` makes one. Where its ``article.json`` is missing it is written here, and has to be
reviewed; to have it written anew, remove it.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from dateline import capture
from dateline.capture import Exchange
from dateline.cli import names
from dateline.cli.collecting import sources
from dateline.cli.main import app
from dateline.cli.terminal.output import CommandError
from dateline.extraction import extract
from dateline.extraction.rulebook import Rulebook
from dateline.sources import registry, rules
from infra.newsroom import Newsroom, outlet, serve
from spiders import recording
from tests.support.outlet import Outlet, answer

SOURCES = Path(__file__).parents[1] / "sources"
PAGES = sorted(path.parent for path in SOURCES.glob("*/*/*/page.json"))
RULEBOOK = Rulebook(
    {id: source.extract for id, source in registry.registered().items()}
    | {each.id: rules.read(each.keys["extract"]) for each in outlet.read_all() if "extract" in each.keys}
)
# What follows from the rest and is tested elsewhere, what only the archive knows, and what changes with each release.
DERIVED = {
    *("id", "digest", "word_count", "fingerprint", "cluster", "schema", "extractor"),
    *("places", "about", "persons", "organisations"),
}


def made(folder: Path) -> dict[str, Any]:
    """What extraction makes of a recorded page, in the form of article.json: without what is empty or derived."""
    extraction = extract(recording.read(folder), RULEBOOK)
    article = extraction.article.to_dict() if extraction.article else {}
    stated = {name: value for name, value in article.items() if name not in DERIVED and value not in (None, [], ())}
    answer = {"outcome": extraction.outcome, "reason": extraction.reason, "rules_missed": extraction.rules_missed}
    answer |= {"rules": article["extractor"]["rules"].partition("+")[2]} if article else {}
    return dict(json.loads(json.dumps({name: value for name, value in answer.items() if value} | stated)))


def hold(folder: Path) -> None:
    """Fail where extraction makes something else of a page than is expected, or nobody has said what to expect."""
    expected = folder / "article.json"
    found = made(folder)
    if not expected.exists():
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{expected} was missing and is written now: review it")
    assert found == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_recorded_page_gives_article(folder: Path) -> None:
    """A recorded page gives its article."""
    hold(folder)


def test_recorded_pages_have_sources() -> None:
    """Recorded pages are of sources that there are."""
    countries = {source.id: source.country for source in registry.registered().values()}
    countries |= {each.id: each.country for each in outlet.read_all()}
    assert {path.parts[-3:-1] for path in PAGES} <= {(country, id) for id, country in countries.items()}


@pytest.fixture(autouse=True)
def names_of_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources are known by the registry that a test has made."""
    monkeypatch.setattr(names, "source_ids", lambda: list(sources.registered()))


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    with serve(tmp_path / "newsroom") as running:
        monkeypatch.setattr(sources, "registered", lambda: registry.load(running.sources))
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", "")
        yield running


def recorded(tmp_path: Path, *arguments: str) -> Path:
    """The folder that the command wrote."""
    done = CliRunner().invoke(app, ["sources", "record", *arguments, "--folder", f"{tmp_path}"], catch_exceptions=False)
    return Path(done.stdout.strip())


def test_record_as_crawl_would(newsroom: Newsroom, tmp_path: Path) -> None:
    """A page is recorded as a crawl would have it."""
    url = next(url for url, story in newsroom.stories("sample-gazette").items() if story.gzipped)
    folder = recorded(tmp_path, url)
    page = recording.read(folder)
    assert folder.parent == tmp_path / "ly" / "sample-gazette"
    assert page.body == gzip.decompress(newsroom.sites["sample-gazette"].reply(urlsplit(url).path, page.url, 1).body)
    assert (page.url, page.source, page.country, page.timezone) == (url, "sample-gazette", "ly", "Africa/Tripoli")
    assert page.captured_at
    assert (datetime.now(UTC) - page.captured_at).total_seconds() < 60
    assert [request["path"] for request in newsroom.requests()] == ["/robots.txt", urlsplit(url).path]


def test_missing_expectation_is_written(newsroom: Newsroom, tmp_path: Path) -> None:
    """What is to be expected is written once for review and then held."""
    folder = recorded(tmp_path, next(iter(newsroom.stories("sample-difaf"))), "--name", "first")
    with pytest.raises(pytest.fail.Exception, match="review it"):
        hold(folder)
    hold(folder)
    expected = folder / "article.json"
    assert json.loads(expected.read_text("utf-8"))["rules"] == "sample-difaf"
    expected.write_text(expected.read_text("utf-8").replace("archived", "gone"), "utf-8")
    with pytest.raises(AssertionError):
        hold(folder)


def warc(tmp_path: Path, url: str, body: bytes) -> Path:
    at = datetime(2013, 5, 20, 8, tzinfo=UTC)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1256\r\n\r\n"
    exchanges = [
        Exchange(url="dns:elsewhere.example", captured_at=at, request=b"", response=head),
        Exchange(url=url, captured_at=at, request=b"GET / HTTP/1.1\r\n\r\n", response=head + body),
    ]
    path = tmp_path / "old.warc.gz"
    path.write_bytes(capture.serialise(exchanges, "captures/old/2013/05/20/20130520T080000Z-old-0.warc.gz"))
    return path


def test_warc_page_is_recorded(newsroom: Newsroom, tmp_path: Path) -> None:
    """A page of a WARC file keeps its bytes and its time."""
    url, body = f"{newsroom.urls['sample-difaf']}/old?id=7", "<p>خبر".encode("windows-1256")
    page = recording.read(recorded(tmp_path, url, "--from", f"{warc(tmp_path, url, body)}", "--name", "old"))
    assert (page.body, page.content_type) == (body, "text/html; charset=windows-1256")
    assert (page.captured_at, page.source, page.languages) == (
        datetime(2013, 5, 20, 8, tzinfo=UTC),
        "sample-difaf",
        ("ar",),
    )
    assert newsroom.requests() == []


@pytest.mark.parametrize(
    ("url", "options", "mend"),
    [
        ("https://elsewhere.example/a", [], "is on no host of any registered outlet"),
        ("ftp://{gazette}/a", [], "is on no host of any registered outlet"),
        ("http://{gazette}/a", ["--source", "sample-difaf"], "is on no host of sample-difaf"),
        ("http://{gazette}/a", ["--source", "gazette"], "there is no source 'gazette'"),
        ("http://{gazette}/print/a", [], "was not recorded: robots: "),
        ("http://{gazette}/section/libya/", ["--name", "there"], "give another --name"),
        ("http://{gazette}/b", ["--from", "{folder}/old.warc.gz"], "has no page of"),
        ("http://{gazette}/b", ["--from", "{folder}/none.warc.gz"], "No such file"),
        ("http://{gazette}/b", ["--from", "{folder}/damaged.warc.gz"], "damaged"),
    ],
)
def test_unrecordable_page_is_named(
    newsroom: Newsroom, tmp_path: Path, url: str, options: list[str], mend: str
) -> None:
    """What cannot be recorded is told."""
    gazette = urlsplit(newsroom.urls["sample-gazette"]).netloc
    (tmp_path / "ly" / "sample-gazette" / "there").mkdir(parents=True)
    whole = warc(tmp_path, f"http://{gazette}/a", b"x" * 4000).read_bytes()
    (tmp_path / "damaged.warc.gz").write_bytes(whole[:300] + b"?" + whole[301:])
    with pytest.raises(CommandError) as caught:
        recorded(tmp_path, url.format(gazette=gazette), *(option.format(folder=tmp_path) for option in options))
    assert mend in str(caught.value)


def test_foreign_redirect_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect to another host is not recorded."""
    with Outlet({"/b": answer("<p>x")}) as elsewhere, Outlet({}) as outlet:
        outlet.routes["/a"] = answer(status=302, Location=f"{elsewhere.url}/b")
        monkeypatch.setattr(sources, "registered", lambda: {outlet.source().id: outlet.source()})
        with pytest.raises(CommandError, match="/b is on no host of"):
            recorded(tmp_path, f"{outlet.url}/a")
